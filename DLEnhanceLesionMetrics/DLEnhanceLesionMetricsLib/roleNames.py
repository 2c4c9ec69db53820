"""The role of a region by its name, where a file stores no roles."""

import re

# Air first: "background air" is air, plain "background" is the tissue around a lesion.
_PATTERNS = {
    "air": r"\bair\b|\bnoise\b|^A\d*$",
    "reference": r"reference|\bref\b|white matter|\bna?wm\b|normal|background|parenchyma|contralateral|^R\d*$",
    "lesion": r"lesion|tumou?r|metastas|\bmets?\b|glioma|schwannoma|enhanc|^L\d*$",
}


def roleOfName(name: str) -> str | None:
    """ "lesion", "reference" or "air" for names like "Metastasis 2", "NAWM left", "A1"; None when it does not tell."""
    spaced = re.sub(r"[_\-.]+", " ", name).strip()
    for role, pattern in _PATTERNS.items():
        if re.search(pattern, spaced, re.IGNORECASE):
            return role
    return None
