"""Count tokens as providers bill them, without a network."""

from beluga.tokens.anchor import Estimate, UsageAnchor
from beluga.tokens.encodings import EncodingName, preload
from beluga.tokens.families import FAMILIES, UNKNOWN, family_of
from beluga.tokens.family import Family, Schemas, Sealed, Tools
from beluga.tokens.images import Crops, Flat, Patches, Tiles
from beluga.tokens.tokenizer import ModelTokenizer, Tokenizer, tokenizer_for

__all__ = [
    "FAMILIES",
    "UNKNOWN",
    "Crops",
    "EncodingName",
    "Estimate",
    "Family",
    "Flat",
    "ModelTokenizer",
    "Patches",
    "Schemas",
    "Sealed",
    "Tiles",
    "Tokenizer",
    "Tools",
    "UsageAnchor",
    "family_of",
    "preload",
    "tokenizer_for",
]
