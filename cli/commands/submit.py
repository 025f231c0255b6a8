"""`oratio say --no-wait`: queues a text with the running service and prints the id of its job."""

from cli.client import SynthesisOptions
from cli.commands.connect import connect
from cli.commands.say import SayArguments
from cli.commands.speech_input import InvalidInput, read_lexicon, read_text
from cli.output.console import make_console, print_json
from cli.output.target import InvalidOutput, check_format
from cli.program_name import program_name
from common.settings import Settings


def submit(settings: Settings, arguments: SayArguments) -> int:
    """Return the exit status."""
    errors = make_console(stderr=True)
    if arguments.output or arguments.captions:
        errors.print(
            "With --no-wait no file is written, so leave out --output and --captions. Save the audio later with "
            f"`{program_name()} history get`."
        )
        return 2
    try:
        check_format(arguments.options.get("format"))
        options = SynthesisOptions(**arguments.options)
        options["lexicon"] = read_lexicon(arguments.lexicon)
        text = read_text(arguments.text, errors, command="say")
    except (InvalidOutput, InvalidInput) as error:
        errors.print(str(error))
        return 2
    # A temporary service would end before the job.
    with connect(settings, url=arguments.url, errors=errors) as client:
        job = client.submit(text, **options)
    for warning in job.warnings:
        errors.print(f"Warning: {warning}")
    if arguments.as_json:
        print_json(job.raw)
    else:
        make_console().print(job.job_id)
    return 0
