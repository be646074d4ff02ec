"""When two spellings are one: of a heading, a value, a unit's name.

Platforms write the same name composed and decomposed, with no-break spaces, with an Icelandic
Ð for Đ, the tone on either vowel (Hòa, Hoà), i for y (Quí, Quý), in capitals, or behind an
abbreviation. `fold` takes such differences away; nothing that tells two names apart goes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# The tones as Telex types them, in capitals: a folded word has none of its own.
_TONES: Final = {"\u0300": "F", "\u0301": "S", "\u0303": "X", "\u0309": "R", "\u0323": "J"}
_QUALITIES: Final = frozenset("\u0302\u0306\u031b")  # â, ă, ơ
# Letters that stand for Đ in files of other encodings.
_D: Final = str.maketrans({"ð": "đ", "ɖ": "đ", "Ð": "Đ", "Ɖ": "Đ"})
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_WORD: Final = re.compile(r"[^\W_]+")
# One vowel at the end of a syllable, which some write i and some y: Kỳ and Kì, Quý and Quí.
_FINAL_Y: Final = re.compile(r"([bcdđghklmnpqrstvx]+|qu)y")


def clean(text: str) -> str:
    """The text in NFC, without invisible letters, each run of space one space, none at the ends."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """What two spellings of one text have in common: words in small letters, tones after them."""
    words = _WORD.findall(clean(text).translate(_D).casefold().replace("&", " và "))
    return " ".join(map(_syllable, words))


@lru_cache(maxsize=65536)
def _syllable(word: str) -> str:
    if word.isascii():
        return _FINAL_Y.sub(r"\1i", word) if _FINAL_Y.fullmatch(word) else word
    letters, tones = [], []
    for letter in unicodedata.normalize("NFD", word):
        if letter in _TONES:
            tones.append(_TONES[letter])
        elif letter in _QUALITIES or not unicodedata.combining(letter):
            letters.append(letter)
    base = unicodedata.normalize("NFC", "".join(letters))
    if _FINAL_Y.fullmatch(base):
        base = base[:-1] + "i"
    return base + "".join(tones)
