"""Services: names that say so, and names after words that a service follows."""
# ruff: noqa: E501 - a pattern is read as a whole

from typing import Final

PATTERNS: Final = (
    r"(?<![\w./@\-:])(?P<SERVICE>[a-z][a-z0-9]{0,30}(?:-[a-z0-9]{1,30}){0,5}-(?:service|svc|api|gateway|worker|server|backend|frontend|proxy|consumer|scheduler))(?![\w/\-]|\.\w)",
)
_NAME: Final = r"[\"'`]?(?P<SERVICE>[a-z][a-z0-9]{1,30}(?:-[a-z0-9]{1,30}){0,6})[\"'`]?(?=[\s,;:)\]]|\.?$|\.\s)"
PHRASES: Final = {
    "container": r"(?i:container)[ =:]{1,2}[\"'`](?P<SERVICE>[a-z][a-z0-9\-]{1,60})[\"'`]",
    "service": r"(?i:service)[ =:]{1,2}(?:[\"'`](?P<SERVICE>[a-z][a-z0-9\-]{1,60})[\"'`]|(?P<SERVICE2>[a-z]{1,30}(?:-[a-z0-9]{1,30}){1,5})(?![\w./:\-]))",
}
