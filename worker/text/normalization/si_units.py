"""Tables for the units of the SI: prefixes, names that CLDR lacks, and the words that join units."""

# This file matches characters that look like others.

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UnitGrammar:
    """How a language says a unit that is made of others. `{}` is the place of the unit."""

    prefixes: str
    """The names of `PREFIX_SIGNS`, in the same order."""
    names: str
    """The names of `UNNAMED_BASES`, in the same order, as "singular/plural"."""
    per: str
    square: tuple[str, str]
    """The second power of a length, singular and plural."""
    cubic: tuple[str, str]
    squared: str
    """The second power of another unit, as "second squared"."""
    cubed: str
    and_per: str = " "
    """The words between two units after "per"."""
    per_units: Mapping[str, str] = field(default_factory=dict)
    """Units with other words than `per`, as "al secondo"."""
    joined: bool = False
    """True if the units of a product are one word, as "Newtonmeter"."""
    all_plural: bool = False
    """True if all units of a product are plural, as "newtons mètres", not only the last."""


PREFIX_SIGNS = "pnμmcdhkMGT"
# CLDR has no names for these.
UNNAMED_BASES = ("F", "T", "S", "H", "Bq", "Gy", "Sv", "C", "Wb")
# CLDR identifiers of the other bases of prefixed units.
NAMED_BASES: Mapping[str, str] = {
    "g": "mass-gram", "m": "length-meter", "s": "duration-second", "mol": "concentr-mole", "J": "energy-joule",
    "V": "electric-volt", "A": "electric-ampere", "N": "force-newton", "Pa": "pressure-pascal", "W": "power-watt",
    "K": "temperature-kelvin", "Ω": "electric-ohm", "eV": "energy-electronvolt", "Hz": "frequency-hertz",
    "L": "volume-liter", "l": "volume-liter", "cd": "light-candela", "lm": "light-lumen",
    "d": "duration-day", "Wh": "energy-kilowatt-hour",
}  # fmt: skip
PREFIXED_UNITS = frozenset({
    "J", "mJ", "MJ", "GJ", "TJ", "mV", "μV", "kV", "kΩ", "MΩ", "GΩ", "mΩ", "μF", "nF", "pF", "kN", "MN",
    "mN", "mmol", "μmol", "nmol", "pmol", "kmol", "nA", "μA", "kA", "GPa", "TW", "μW", "nW", "keV", "MeV",
    "GeV", "TeV", "meV", "mT", "μT", "mSv", "μSv", "Sv", "Bq", "kBq", "MBq", "GBq", "mGy", "Gy", "μH", "ng",
    "μL", "nL", "μl", "GWh", "TWh", "MWh", "THz",
})  # fmt: skip
"""Prefixed units that CLDR lacks and that mean nothing else after a number."""

_EN = UnitGrammar(
    prefixes="pico nano micro milli centi deci hecto kilo mega giga tera",
    names="farad/farads tesla/teslas siemens/siemens henry/henries becquerel/becquerels gray/grays sievert/sieverts"
    " coulomb/coulombs weber/webers",
    per="per",
    square=("square {}", "square {}"),
    cubic=("cubic {}", "cubic {}"),
    squared="{} squared",
    cubed="{} cubed",
)
_FR = UnitGrammar(
    prefixes="pico nano micro milli centi déci hecto kilo méga giga téra",
    names="farad/farads tesla/teslas siemens/siemens henry/henrys becquerel/becquerels gray/grays sievert/sieverts"
    " coulomb/coulombs weber/webers",
    per="par",
    square=("{} carré", "{} carrés"),
    cubic=("{} cube", "{} cubes"),
    squared="{} au carré",
    cubed="{} au cube",
    per_units={"s²": "par seconde carrée"},
    all_plural=True,
)
_DE = UnitGrammar(
    prefixes="Piko Nano Mikro Milli Zenti Dezi Hekto Kilo Mega Giga Tera",
    names="Farad/Farad Tesla/Tesla Siemens/Siemens Henry/Henry Becquerel/Becquerel Gray/Gray Sievert/Sievert"
    " Coulomb/Coulomb Weber/Weber",
    per="pro",
    square=("Quadrat{}", "Quadrat{}"),
    cubic=("Kubik{}", "Kubik{}"),
    squared="Quadrat{}",
    cubed="Kubik{}",
    and_per=" und ",
    joined=True,
)
_ES = UnitGrammar(
    prefixes="pico nano micro mili centi deci hecto kilo mega giga tera",
    names="faradio/faradios tesla/teslas siemens/siemens henrio/henrios becquerel/becquereles gray/grays"
    " sievert/sieverts culombio/culombios weber/webers",
    per="por",
    square=("{} cuadrado", "{} cuadrados"),
    cubic=("{} cúbico", "{} cúbicos"),
    squared="{} al cuadrado",
    cubed="{} al cubo",
    and_per=" y ",
)
_IT = UnitGrammar(
    prefixes="pico nano micro milli centi deci etto chilo mega giga tera",
    names="farad/farad tesla/tesla siemens/siemens henry/henry becquerel/becquerel gray/gray sievert/sievert"
    " coulomb/coulomb weber/weber",
    per="per",
    square=("{} quadrato", "{} quadrati"),
    cubic=("{} cubo", "{} cubi"),
    squared="{} quadrato",
    cubed="{} cubo",
    per_units={
        "s": "al secondo",
        "s²": "al secondo quadrato",
        "min": "al minuto",
        "h": "all'ora",
        "d": "al giorno",
        "sec": "al secondo",
        "hr": "all'ora",
        "day": "al giorno",
    },
)
_PT = UnitGrammar(
    prefixes="pico nano micro mili centi deci hecto quilo mega giga tera",
    names="farad/farads tesla/teslas siemens/siemens henry/henrys becquerel/becquerels gray/grays sievert/sieverts"
    " coulomb/coulombs weber/webers",
    per="por",
    square=("{} quadrado", "{} quadrados"),
    cubic=("{} cúbico", "{} cúbicos"),
    squared="{} ao quadrado",
    cubed="{} ao cubo",
)
GRAMMARS: Mapping[str, UnitGrammar] = {"en": _EN, "fr": _FR, "de": _DE, "es": _ES, "it": _IT, "pt": _PT}
