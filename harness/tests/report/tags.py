"""What a page is made of, collected by the standard library's parser."""

from html.parser import HTMLParser

VOID = {"meta", "path", "use", "rect"}


class Tags(HTMLParser):
    """Collects tags, ids, links and text, and finds what is opened and not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.names.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.names.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Take back the tag that was opened last, which must be this one."""
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data

    def values(self, name: str) -> list[str]:
        """Return an attribute's values all over the page."""
        return [value or "" for key, value in self.attributes if key == name]
