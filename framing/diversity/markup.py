"""Markup and place holders that writing or extraction left in a text."""

from __future__ import annotations

import re

_TAGS = (
    "a|abbr|article|b|blockquote|body|br|button|caption|center|cite|code|dd|div|dl|dt|em|figcaption"
    "|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|label|li|link|main|meta"
    "|nav|ol|p|pre|q|s|script|section|small|span|strong|style|sub|sup|table|tbody|td|th|thead"
    "|title|tr|u|ul|video"
)
# "<name> wrote" and "x < y" are no markup: a tag has a name of HTML.
_MARKUP = re.compile(
    rf"\{{\{{|\}}\}}|\[\[|(?i:</?(?:{_TAGS})(?:\s[^<>]*)?/?>)|\bTODO\b|(?i:\blorem\b)"
)


def leftover_markup(text: str) -> list[str]:
    """Return what is left over, each once and in order: '{{', '}}', '[[', HTML tags, TODO, lorem.

    >>> leftover_markup("<p>They {{denied it}}.</p>")
    ['<p>', '{{', '}}', '</p>']
    """
    return list(dict.fromkeys(_MARKUP.findall(text)))
