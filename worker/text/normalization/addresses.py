"""Spell URLs, mail and IP addresses, file paths, mentions and hashtags."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import DIGITS, Rule

_TLDS = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|dev|app|co|tv|xyz|online|site|shop|blog|cloud|tech|museum|eu|uk|fr|de|es"
    "|it|pt|br|ch|at|be|nl|ca|us|au|nz|ie|lu|se|dk|fi|pl|cz|jp|cn|ru|mx|ar|cl|in|me|fm|gg|ly|sh"
)
_EXTENSIONS = (
    "pdf|txt|md|docx?|xlsx?|pptx?|odt|ods|csv|tsv|json|xml|ya?ml|toml|ini|cfg|conf|log|html?|css|js|ts|jsx|tsx|py|rb|rs"
    "|java|cpp|hpp|sh|bat|exe|dll|zip|tar|gz|tgz|7z|rar|iso|dmg|apk|jpe?g|png|gif|svg|webp|bmp|tiff?|mp3|mp4|wav"
    "|flac|ogg|opus|aac|m4a|avi|mkv|mov|webm|epub|mobi|srt|vtt|sql|db|bak|tmp|env|lock|onnx|safetensors|ipynb|php|asp"
)
_HOST = rf"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{{0,62}}\.)){{1,8}}(?:{_TLDS})(?![\w-]|\.\w)"
_PORT_AND_PATH = r"(?::\d{1,5})?(?:[/?#][^\s<>\"]{0,2000})?"
_MAIL = re.compile(
    r"(?:mailto:)?(?<![\w.+%-])([\w][\w.+%&-]{0,63})@((?:[A-Za-z0-9][\w-]{0,62}\.){1,8}[A-Za-z]{2,24})(?![\w-])"
)
_SCHEME = re.compile(r"(?<!\w)(?:https?|ftps?|sftp|wss?|file)://([^\s<>\"]{1,2000})", re.IGNORECASE)
_WWW = re.compile(r"(?<![\w.@-])www\d?\.([^\s<>\"]{1,2000})", re.IGNORECASE)
_BARE_HOST = re.compile(rf"(?<![\w.@/-])({_HOST}{_PORT_AND_PATH})")
_LOCALHOST = re.compile(r"(?<![\w.@/-])(localhost(?::\d{1,5})?(?:[/?#][^\s<>\"]{0,2000})?)(?!\w)")
_IP = re.compile(r"(?<![\w.:])(\d{1,3}(?:\.\d{1,3}){3})(:\d{1,5})?(/[^\s<>\"]{0,500})?(?![\w.]*\d)")
_FILE = re.compile(
    rf"(?<![\w.@/\\-])([\w-]{{1,80}}(?:\.[\w-]{{1,40}}){{0,4}}\.(?:{_EXTENSIONS}))(?![\w@]|\.\w)"
)
_PATH = re.compile(
    r"(?<![\w/\\.<:-])((?:~|\.{1,2}|[A-Za-z]:)(?:[/\\][\w.+@-]{1,100}){1,30}[/\\]?|(?:/[\w.+@-]{1,100}){2,30}/?)(?!\w)"
)
_MENTION = re.compile(r"(?<![\w@.])@(?=\w{0,39}[^\W\d])(\w{1,40})(?![\w@])")
_HASHTAG = re.compile(r"(?<![\w&#/])#(?=\w{0,59}[^\W\d])(\w{1,60})(?!\w)")
_CAMEL_CASE_BOUNDARY = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-zà-ÿ])|(?<=[^\W\d_])(?=\d)|_")
_TRAILING_PUNCTUATION = ".,;:!?)'\"]}*…"
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[./\\@:~+_-]|&|%[0-9A-Fa-f]{2}")
_SIGN_KEYS = {
    ".": "dot",
    "/": "slash",
    "\\": "backslash",
    "@": "at",
    ":": "colon",
    "~": "tilde",
    "_": "underscore",
    "-": "dash",
    "+": "plus",
    "&": "&",
}
_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)


def address_rules(language: Language) -> tuple[Rule, ...]:
    def spell_web(match: re.Match[str]) -> str:
        return _spell_web_address(match[1], language=language)

    def spell_plain(match: re.Match[str]) -> str:
        tail = _trailing_punctuation(match[1])
        return f"{spell_address(match[1].removesuffix(tail), language=language)}{tail}"

    def say_mention(match: re.Match[str]) -> str:
        return f"{language.words['at']} {spell_address(match[1], language=language, last_may_be_code=False)}"

    return (
        Rule(_MAIL, lambda match: _spell_mail_address(match, language=language), needs="@"),
        Rule(_SCHEME, spell_web, needs=":"),
        *(Rule(pattern, spell_web, needs=".") for pattern in (_WWW, _BARE_HOST)),
        Rule(_LOCALHOST, spell_web),
        Rule(_IP, lambda match: _spell_ip_address(match, language=language), needs=DIGITS),
        Rule(_PATH, spell_plain, needs="/\\"),
        Rule(_FILE, spell_plain, needs="."),
        Rule(_MENTION, say_mention, needs="@"),
        Rule(
            _HASHTAG,
            lambda match: f"{language.words['hashtag']} {_CAMEL_CASE_BOUNDARY.sub(' ', match[1]).strip()}",
            needs="#",
        ),
    )


def fallback_address_rules() -> tuple[Rule, ...]:
    """Return the rules for a language without word tables: a URL becomes its host name."""

    def keep_host(match: re.Match[str]) -> str:
        name = re.split(r"[/?#]", match[1])[0]
        return f"{name.removeprefix('www.')}{_trailing_punctuation(match[1])}"

    return tuple(Rule(pattern, keep_host) for pattern in (_SCHEME, _WWW))


def spell_address(text: str, *, language: Language, last_may_be_code: bool = True) -> str:
    """Return an address in words: names as words, signs by name, long numbers digit by digit.

    If `last_may_be_code` is True, a last name of two letters is spelled, as in ".fr".
    """
    tokens = _TOKEN.findall(text)
    words = [
        _spell_token(token, last=last_may_be_code and index == len(tokens) - 1, language=language)
        for index, token in enumerate(tokens)
    ]
    return " ".join(filter(None, words))


def _spell_token(token: str, *, last: bool, language: Language) -> str:
    if token in _SIGN_KEYS:
        return language.words.get(_SIGN_KEYS[token], "")
    if token.isdecimal():
        short_number = len(token) < 3 and not token.startswith("0")
        return language.say_cardinal(int(token)) if short_number else language.say_digits(token)
    if token.startswith("%"):
        return ""
    # A short name without a vowel, or a country code at the end. Engines spell capitals.
    by_letters = len(token) < 4 and (not _VOWEL.search(token) or (last and len(token) == 2))
    return token.upper() if by_letters else token


def _spell_web_address(address: str, *, language: Language) -> str:
    tail = _trailing_punctuation(address)
    body = re.split(r"[?#]", address[: len(address) - len(tail)])[0].rstrip("/")
    body = re.sub(r"^(?:[^/@\s]{1,100}@)?(?:www\d?\.)?", "", body, count=1)
    keep_host, slash, path = body.partition("/")
    name, _, port = keep_host.partition(":")
    words = spell_address(name, language=language)
    if port:
        words += f" {language.words['colon']} {language.say_digits(port)}"
    if slash:
        words += f" {language.words['slash']} {spell_address(path, language=language)}"
    return f"{words}{tail}"


def _trailing_punctuation(address: str) -> str:
    """Return the punctuation after the address. A closing bracket is part of the address if it was opened there."""
    end = len(address)
    while (
        end
        and address[end - 1] in _TRAILING_PUNCTUATION
        and not (address[end - 1] == ")" and "(" in address[:end])
    ):
        end -= 1
    return address[end:]


def _spell_mail_address(match: re.Match[str], *, language: Language) -> str:
    name = spell_address(match[1], language=language, last_may_be_code=False)
    keep_host = spell_address(match[2], language=language)
    return f"{name} {language.words['at']} {keep_host}"


def _spell_ip_address(match: re.Match[str], *, language: Language) -> str | None:
    address, port, path = match.groups()
    parts = address.split(".")
    if any(int(part) > 255 for part in parts):
        return None
    words = f" {language.words['dot']} ".join(language.say_octet(part) for part in parts)
    if port:
        words += f" {language.words['colon']} {language.say_digits(port[1:])}"
    if path:
        tail = _trailing_punctuation(path)
        words += f" {spell_address(path[: len(path) - len(tail)], language=language)}{tail}"
    return words
