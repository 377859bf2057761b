"""XML from outside as small trees, one branch at a time: no DTD, no entities, lines of the file."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from xml.sax import SAXParseException
from xml.sax.expatreader import ExpatLocator
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from payments.kernel.rows import Faults
from payments.statements.file import StatementFile
from payments.statements.line import InvalidStatement
from payments.statements.text import LINE_MAX

_DEPTH_MAX: Final = 64


class Node:
    """An element: its name without a prefix, its text, what is in it, and where it begins."""

    __slots__ = ("attributes", "children", "name", "parts", "row", "size")

    def __init__(self, name: str, row: int, attributes: dict[str, str]) -> None:
        """Nothing in it yet."""
        self.name = name
        self.row = row
        self.attributes = attributes
        self.parts: list[str] = []
        self.size = 0
        self.children: list[Node] = []

    @property
    def text(self) -> str:
        """The text in it, without that of the elements in it."""
        return "".join(self.parts)

    def all(self, *path: str) -> Iterator["Node"]:
        """The elements at this path."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def one(self, *path: str) -> "Node | None":
        """The first element at this path."""
        return next(self.all(*path), None)

    def get(self, *path: str) -> str:
        """The text at this path, or nothing."""
        node = self.one(*path)
        return "" if node is None else node.text.strip()


Take = Callable[[Node, Node], bool]
"""Gets an element that ended and what it is in; True: it is not needed in the tree any more."""


class _Builder(ContentHandler):
    """Builds one tree of the file, without the elements at `path` that `take` takes."""

    def __init__(self, path: Sequence[str], take: Take) -> None:
        super().__init__()
        self._path = list(path)
        self._take = take
        self.root: Node | None = None
        self._open: list[Node] = []
        self._locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX calls it so
        self._locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX calls it so
        row = 0 if self._locator is None else self._locator.getLineNumber() or 0
        node = Node(name.rpartition(":")[2], row, dict(attrs.items()))
        if len(self._open) >= _DEPTH_MAX:
            raise SAXParseException("nested too deep", None, self._locator)  # type: ignore[arg-type]
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002 - SAX calls it so
        node = self._open.pop()
        is_there = node.name == self._path[-1] and len(self._open) == len(self._path) - 1
        if is_there and [one.name for one in self._open] == self._path[:-1]:
            parent = self._open[-1]
            if self._take(parent, node):
                parent.children.remove(node)

    def characters(self, content: str) -> None:
        node = self._open[-1]
        node.size += len(content)
        if node.size > LINE_MAX:
            problem = f"an element with more than {LINE_MAX} characters"
            raise SAXParseException(problem, None, self._locator)  # type: ignore[arg-type]
        node.parts.append(content)


def read_tree(file: StatementFile, path: Sequence[str], take: Take) -> Node:
    """The document, each element at `path` given to `take` when it ends.

    Raises 422 `invalid_statement`: no XML, or XML with a DTD or entities.
    """
    faults = Faults()
    builder = _Builder(path, take)
    parser = DefusedExpatParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(builder)
    builder.setDocumentLocator(ExpatLocator(parser))
    try:
        for chunk in file.chunks():  # large ones: expat reads a long tag again with each of them
            parser.feed(chunk)
        parser.close()
    except SAXParseException as error:
        faults.add(error.getLineNumber() or 0, "file", error.getMessage(), "well-formed XML")
    except DefusedXmlException:
        faults.add(0, "file", "a DTD or an entity", "XML without DTD and entities")
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        faults.add(0, "encoding", str(error), "XML in UTF-8")
    faults.raise_as(InvalidStatement)
    if builder.root is None:
        raise InvalidStatement("the file holds no XML document")
    return builder.root
