"""Questions and remarks of developers that name functions, files, variables and the rest, with the place of each name.

A seed to sentences. Names are put together from word lists in the styles of several languages; a share of them is plain
words ("the flush method", "in activity"), which only the words around them give away. Some sentences name nothing, so
that plain words are learned as such.
"""
# ruff: noqa: S108 - a file that people ask about

import random
import re
from collections.abc import Callable
from typing import Final, NamedTuple


class Marked(NamedTuple):
    """`entities`: (start, end, label) in order of place."""

    text: str
    entities: tuple[tuple[int, int, str], ...]


_VERBS: Final = [
    "get",
    "set",
    "load",
    "save",
    "fetch",
    "parse",
    "render",
    "update",
    "delete",
    "create",
    "send",
    "build",
    "init",
    "open",
    "close",
    "read",
    "write",
    "find",
    "filter",
    "sort",
    "merge",
    "validate",
    "convert",
    "apply",
    "compute",
    "handle",
    "process",
    "check",
    "register",
    "submit",
    "flush",
    "reset",
    "encode",
    "decode",
    "connect",
    "start",
    "stop",
    "run",
    "push",
    "pop",
    "insert",
    "remove",
    "append",
    "count",
]
_NOUNS: Final = [
    "user",
    "order",
    "item",
    "cart",
    "price",
    "total",
    "session",
    "token",
    "config",
    "page",
    "row",
    "column",
    "table",
    "file",
    "path",
    "image",
    "list",
    "map",
    "node",
    "tree",
    "value",
    "key",
    "index",
    "count",
    "result",
    "response",
    "request",
    "data",
    "event",
    "message",
    "buffer",
    "query",
    "cache",
    "client",
    "server",
    "account",
    "invoice",
    "report",
    "address",
    "date",
    "time",
    "name",
    "status",
    "payload",
    "header",
    "body",
    "field",
    "option",
    "menu",
    "form",
    "list",
    "score",
    "player",
    "matrix",
    "vector",
    "record",
    "job",
    "task",
    "queue",
    "product",
    "customer",
    "stock",
    "label",
    "color",
    "size",
    "width",
    "height",
]
_PLAIN_FUNCTIONS: Final = [
    "flush",
    "apply",
    "map",
    "reduce",
    "filter",
    "join",
    "split",
    "sort",
    "reshape",
    "append",
    "strftime",
    "printf",
    "malloc",
    "memcpy",
    "setTimeout",
    "fetch",
    "alert",
    "bind",
    "super",
    "equals",
    "toString",
    "hashCode",
    "main",
    "init",
]
_PLAIN_VARIABLES: Final = [
    "i",
    "j",
    "n",
    "x",
    "y",
    "k",
    "count",
    "total",
    "front",
    "rear",
    "name",
    "id",
    "index",
    "temp",
    "result",
    "data",
    "flag",
    "size",
    "left",
    "right",
    "head",
    "tail",
    "sum",
    "avg",
    "row",
    "col",
    "key",
    "value",
    "width",
    "height",
]
_ENDINGS: Final = [
    "py",
    "js",
    "ts",
    "java",
    "rb",
    "go",
    "php",
    "cs",
    "cpp",
    "h",
    "html",
    "css",
    "json",
    "xml",
    "yml",
    "yaml",
    "toml",
    "ini",
    "conf",
    "txt",
    "csv",
    "log",
    "sql",
    "sh",
    "jsx",
    "vue",
    "swift",
    "kt",
]
_FOLDERS: Final = [
    "src",
    "app",
    "lib",
    "config",
    "views",
    "models",
    "public",
    "static",
    "scripts",
    "tests",
    "utils",
    "api",
    "etc",
    "var",
    "tmp",
    "home",
    "bin",
    "assets",
]
_PLAIN_FILES: Final = [
    "/tmp",
    "/etc/hosts",
    "/var/log",
    "Makefile",
    "Dockerfile",
    "web.config",
    ".htaccess",
    ".bashrc",
    "index.html",
    "main.py",
    "package.json",
    "settings.py",
    "pom.xml",
    "build.gradle",
    "AndroidManifest.xml",
    "functions.php",
]
_CLASSES: Final = [
    "ArrayList",
    "HashMap",
    "DataFrame",
    "Thread",
    "Activity",
    "Fragment",
    "Intent",
    "UIView",
    "NSString",
    "StringBuilder",
    "DateTime",
    "Stream",
    "Promise",
    "Observable",
    "Controller",
    "TextView",
    "ListView",
    "Button",
    "Form",
    "Bitmap",
    "Socket",
    "Scanner",
]
_SUFFIXES: Final = [
    "Service",
    "Controller",
    "Manager",
    "Repository",
    "Client",
    "Factory",
    "Builder",
    "Handler",
    "Adapter",
    "View",
    "Activity",
    "Helper",
    "Store",
    "Model",
    "Request",
    "Response",
]
_ERRORS: Final = [
    "NullPointerException",
    "IndexOutOfBoundsException",
    "KeyError",
    "TypeError",
    "ValueError",
    "AttributeError",
    "RuntimeError",
    "NoMethodError",
    "ClassCastException",
    "IllegalStateException",
    "ImportError",
    "ArgumentError",
    "ReferenceError",
    "SyntaxError",
    "FileNotFoundException",
    "StackOverflowError",
    "InvalidOperationException",
]
_LIBRARIES: Final = [
    "jQuery",
    "Django",
    "Rails",
    "React",
    "Angular",
    "numpy",
    "pandas",
    "Spring",
    "Hibernate",
    "Flask",
    "Express",
    "lodash",
    "Bootstrap",
    "TensorFlow",
    "Boost",
    "Qt",
    "requests",
    "SQLAlchemy",
    "matplotlib",
    "Guava",
    "OpenCV",
    "WPF",
    "JSF",
    "Ember.js",
    "Vue",
    "scipy",
    "moment",
    "axios",
]
_SERVICES: Final = [
    "MySQL",
    "PostgreSQL",
    "Redis",
    "nginx",
    "Apache",
    "Eclipse",
    "Chrome",
    "Firefox",
    "Jenkins",
    "Docker",
    "Kafka",
    "MongoDB",
    "Tomcat",
    "Excel",
    "git",
    "Jira",
    "Xcode",
    "IIS",
    "Elasticsearch",
    "RabbitMQ",
    "orders-api",
    "payments-service",
    "checkout-service",
    "auth-gateway",
]
_HOSTS: Final = [
    "localhost:8080",
    "10.0.0.7",
    "db-1.internal:5432",
    "192.168.1.20:3306",
    "api.example.com",
    "web-3",
    "cache-2.prod.example.com:6379",
]


def _pair(rng: random.Random, first: list[str], second: list[str]) -> tuple[str, str]:
    return rng.choice(first), rng.choice(second)


def _function(rng: random.Random) -> str:
    verb, noun = _pair(rng, _VERBS, _NOUNS)
    if rng.random() < 0.25:
        name = rng.choice(_PLAIN_FUNCTIONS + _VERBS)
    else:
        name = rng.choice(
            (
                f"{verb}_{noun}",
                f"{verb}{noun.title()}",
                f"{verb.title()}{noun.title()}",
                f"{verb}_{noun}_{rng.choice(_NOUNS)}",
                f"{verb}{noun.title()}{rng.choice(_NOUNS).title()}",
            )
        )
    if rng.random() < 0.15:
        name = f"{rng.choice((*_CLASSES, *_NOUNS))}.{name}"
    return name + ("()" if rng.random() < 0.45 else "")


def _variable(rng: random.Random) -> str:
    one, two = _pair(rng, _NOUNS, _NOUNS)
    return rng.choice(
        (
            rng.choice(_PLAIN_VARIABLES),
            one,
            f"{one}_{two}",
            f"{one}{two.title()}",
            f"self.{one}",
            f"this.{one}{two.title()}",
            f"${one}",
            f"${one}_{two}",
            f"_{one}",
            f"{one}_{two}".upper(),
            f"{one.title()}{two.title()}",
            f"m_{one}",
            f"@{one}",
        )
    )


def _file(rng: random.Random) -> str:
    if rng.random() < 0.25:
        return rng.choice(_PLAIN_FILES)
    one, two = _pair(rng, _NOUNS, _NOUNS)
    name = rng.choice((one, f"{one}_{two}", f"{one}-{two}", f"{one.title()}{two.title()}")) + "." + rng.choice(_ENDINGS)
    folders = "/".join(rng.sample(_FOLDERS, rng.randint(0, 3)))
    if rng.random() < 0.1:
        return "C:\\" + "\\".join((*folders.split("/"), name)).lstrip("\\")
    return rng.choice(("", "", "/", "./")) * bool(folders) + (folders + "/") * bool(folders) + name


def _class(rng: random.Random) -> str:
    return rng.choice(
        (
            rng.choice(_CLASSES),
            rng.choice(_NOUNS).title() + rng.choice(_SUFFIXES),
            rng.choice(_NOUNS).title() + rng.choice(_NOUNS).title(),
        )
    )


_MAKERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "FUNCTION": _function,
    "VARIABLE": _variable,
    "FILE": _file,
    "CLASS": _class,
    "EXCEPTION": lambda rng: rng.choice(_ERRORS),
    "LIBRARY": lambda rng: rng.choice(_LIBRARIES),
    "SERVICE": lambda rng: rng.choice(_SERVICES),
    "HOST": lambda rng: rng.choice(_HOSTS),
    "LINE": lambda rng: str(rng.randint(1, 900)),
    "ERROR_CODE": lambda rng: rng.choice(
        ("404", "500", "502", "503", "ECONNREFUSED", "ORA-00942", "1045", "42P01", "137")
    ),
}
_SENTENCES: Final = (
    "why does {FUNCTION} return {none} when {VARIABLE} is {state} in {FILE} ?",
    "I call {FUNCTION} from {FILE} but {VARIABLE} stays {state} .",
    "the {FUNCTION} method of {CLASS} throws {EXCEPTION}",
    "{EXCEPTION} in {FUNCTION} at line {LINE} of {FILE}",
    "how can I pass {VARIABLE} to {FUNCTION} ?",
    "{VARIABLE} is {state} after {FUNCTION} was called",
    "the variable {VARIABLE} is never set",
    "set {VARIABLE} to {none} before you call {FUNCTION} .",
    "My {FILE} file looks like this :",
    "I have added it to {FILE} and restarted {SERVICE} , but nothing changes",
    "open {FILE} and change {VARIABLE}",
    "In {FILE} there is a class {CLASS} with a function {FUNCTION} .",
    "What is the difference between {FUNCTION} and {FUNCTION} in {LIBRARY} ?",
    "I am using {LIBRARY} with {SERVICE} and get {EXCEPTION} .",
    "{LIBRARY} cannot connect to {HOST} , {ERROR_CODE}",
    "the column {VARIABLE} of the table has the wrong type",
    "The field {VARIABLE} must not be null",
    "you should use {FUNCTION} instead of {FUNCTION} here",
    "{CLASS} has no {FUNCTION} function , use {FUNCTION}",
    "I try to create a {CLASS} object and store it in {VARIABLE}",
    "When {VARIABLE} and {VARIABLE} are equal the loop ends",
    "Is {VARIABLE} a copy of {VARIABLE} or a reference ?",
    "the second parameter of {FUNCTION} is {VARIABLE}",
    "{SERVICE} answered {ERROR_CODE} for every request since the deploy",
    "{SERVICE} on {HOST} restarts because {FILE} is missing",
    "{FUNCTION} was renamed to {FUNCTION} in the last release of {LIBRARY}",
    "the value of {VARIABLE} is read from {FILE}",
    "ERROR {FUNCTION} failed : {VARIABLE} is {state}",
    "exception in {CLASS} while reading {FILE}",
    "cannot import {FUNCTION} from {FILE}",
    "your {VARIABLE} property should be bound to {CLASS}",
    "add {FILE} to your project",
    "inside the {FUNCTION} function I print {VARIABLE}",
    "increment {VARIABLE} by one , then compare it with {VARIABLE} .",
    "put the code of {CLASS} into {FILE}",
    "timeout in {FUNCTION} after 30 s , upstream {SERVICE}",
    "the job stopped in {FUNCTION} because {VARIABLE} exceeded the limit",
    "save this as {FILE}",
    "`{FUNCTION}` never returns",
    '" {VARIABLE} " is undefined in " {FILE} "',
    "( {FUNCTION} ) is called twice",
    "{FILE} :",
    "{CLASS} :",
    "{FUNCTION} returns a list of {CLASS}",
    "we saw {EXCEPTION} from {SERVICE} when {HOST} was down",
    "does {LIBRARY} support this ?",
    "{LIBRARY} and {LIBRARY} do not work together",
    # nothing is named
    "How do I get this result ?",
    "I have two tables with the same column and want to join them",
    "the query is slow and I do not know why",
    "it works on my machine",
    "the user clicks on the button and the page is reloaded",
    "could you post the code of the whole function ?",
    "the connection was closed by the other side",
    "request failed after three attempts",
    "This is a list of strings .",
    "any help is appreciated",
    "the file was not found",
    "the value of the variable is wrong",
    "the method is called when the form is sent",
    "process exited because the memory of the machine was full",
    "retry the request after a minute",
    "I want to sort an array by date",
    "is there a way to do this without a loop ?",
    "the service could not be reached",
    "warning : the disk of the server is almost full",
    "the class has no constructor",
)
_WORDS: Final = {
    "none": ("None", "null", "nil", "0", "false", "an empty string", "undefined"),
    "state": ("empty", "null", "None", "undefined", "not set", "zero", "negative", "wrong", "too large", "missing"),
}
_SLOT: Final = re.compile(r"\{(\w+)\}")


def questions(count: int, seed: int) -> list[Marked]:
    """`count` sentences; the same seed gives the same ones."""
    rng = random.Random(seed)
    return [_sentence(rng) for _ in range(count)]


def _sentence(rng: random.Random) -> Marked:
    pattern = rng.choice(_SENTENCES)
    if rng.random() < 0.4:
        pattern = (
            pattern.replace(" ?", "?")
            .replace(" .", ".")
            .replace(" ,", ",")
            .replace(" :", ":")
            .replace("( ", "(")
            .replace(" )", ")")
            .replace('" ', '"')
            .replace(' "', '"')
        )
    text, at = "", 0
    entities: list[tuple[int, int, str]] = []
    for slot in _SLOT.finditer(pattern):
        text += pattern[at : slot.start()]
        name = slot[1]
        value = _MAKERS[name](rng) if name in _MAKERS else rng.choice(_WORDS[name])
        if name in _MAKERS:
            entities.append((len(text), len(text) + len(value), name))
        text, at = text + value, slot.end()
    text += pattern[at:]
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:] if not (entities and entities[0][0] == 0) else text
    return Marked(text, tuple(entities))
