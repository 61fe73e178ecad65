"""Named entities of error text by grammar: what its form alone says, in pure Python, before any model is asked.

`entities(text)` gives spans in order, none over another. One module a concept; `grammar` puts them together.
"""

from models.text.entities.entity import Entity
from models.text.entities.grammar import VERSION, entities

__all__ = ["VERSION", "Entity", "entities"]
