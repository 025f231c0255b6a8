"""Texts that users of speech servers reported as read wrong, with the words that should be heard."""

from tests.support.text_rates import Case, load_cases

_REPORTED = (
    ("signs", "If x<y and 5>3 then stop.", "if x is less than y and five is greater than three then stop"),
    ("abbreviations", "She said no. I went home.", "she said no i went home"),
    ("minus", "It stayed between −5 and −2 degrees.", "it stayed between minus five and minus two degrees"),  # noqa: RUF001
    ("units", "Add 0.5 mol/L of salt.", "add zero point five moles per liter of salt"),
    ("units", "It holds 5 mmol/L of sugar.", "it holds five millimoles per liter of sugar"),
    ("units", "The reaction gives 10 J/mol.", "the reaction gives ten joules per mole"),
    ("units", "It moves at 5 m s⁻¹ to the north.", "it moves at five meters per second to the north"),
    ("units", "It moves at 5 m s-1 to the north.", "it moves at five meters per second to the north"),
    ("units", "Turn it with 3 N·m only.", "turn it with three newton meters only"),
    ("dates", "It opened on 15-Jan-2020.", "it opened on the fifteenth of january twenty twenty"),
    (
        "money",
        "They paid 1.234,56 € for it.",
        "they paid one thousand two hundred and thirty four euros and fifty six cents for it",
    ),
    ("money", "It was a $5-an-hour job.", "it was a five dollar an hour job"),
    ("scales", "The map has a scale of 1:25 000.", "the map has a scale of one to twenty five thousand"),
    (
        "paths",
        "Look in /usr/local/bin. Then go on.",
        "look in slash usr slash local slash bin then go on",
    ),
    ("aircraft", "She flew in a Boeing 737-800.", "she flew in a boeing seven thirty seven eight hundred"),
    ("citations", "It works well.[3][4] Then the rain came.", "it works well then the rain came"),
    ("citations", "This was shown before.[12] Nobody knew.", "this was shown before nobody knew"),
    ("citations", "The word¹ has a note.† It is short.", "the word has a note it is short"),
    ("chapters", "Chapter 07 begins here.", "chapter seven begins here"),
    ("chapters", "Read Chap. 3 again.", "read chapter three again"),
    ("Roman numerals", "See Chapters II and III.", "see chapters two and three"),
    ("Roman numerals", "Ramses II's army was large.", "ramses the second's army was large"),
    ("Roman numerals", "He saw World Wars I and II.", "he saw world wars one and two"),
    (
        "lines",
        "The light-\nhouse stood alone on the rock and nobody\nlived in it.",
        "the lighthouse stood alone on the rock and nobody lived in it",
    ),
    ("directions", "*He sighs* I know that.", "he sighs i know that"),
    ("cookery", "Add 1 qt. of milk.", "add one quart of milk"),
    ("tags", "Wait for it. [pause] Here it is.", "wait for it here it is"),
    ("tags", "She said [laugh] and left.", "she said laugh and left"),
    (
        "SSML",
        '<speak>One <break time="500ms"/> moment. <sub alias="doctor">Dr</sub> Smith is here.</speak>',
        "one moment doctor smith is here",
    ),
    ("dashes", "He waited … and then — at last — she came.", "he waited and then at last she came"),
    ("indexes", "Read data[3] first.", "read data three first"),
    (
        "dates",
        "He was born on 12 Jan 24 in Paris.",
        "he was born on the twelfth of january twenty twenty four in paris",
    ),
    ("books", "See vol. 3, p. 12 and pp. 3-5.", "see volume three page twelve and pages three to five"),
    ("standards", "The file is in ISO-8859-1.", "the file is in iso eight thousand eight hundred and fifty nine one"),
    ("stars", "It got ★★★☆☆ from me.", "it got three stars from me"),
)  # fmt: skip


def reported_cases() -> list[Case]:
    return [
        Case(fixed=False, source=kind, language="en", input=text, expected=expected)
        for kind, text, expected in _REPORTED
    ]


def sampled_cases(count: int) -> list[Case]:
    """Return English cases of the tables: one of each source, then a second of each, and so on."""
    by_source: dict[str, list[Case]] = {}
    for case in filter(lambda case: case.expected, load_cases("en")):
        by_source.setdefault(case.source, []).append(case)
    rounds = max(map(len, by_source.values()))
    ordered = [cases[turn] for turn in range(rounds) for cases in by_source.values() if turn < len(cases)]
    return ordered[:count]
