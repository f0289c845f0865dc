"""`clusterlab`: finds the verb, and turns what goes wrong into one paragraph and an exit code.

Nothing heavy is imported before the verb is known, so that help answers at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from clusterlab.errors import ClusterlabError, UsageError, closest

VERBS = {
    "run": "one run, or a sweep with -m",
    "list": "what there is: groups, options, experiments",
    "show": "the composed config, without running it",
    "validate": "every problem of a config at once",
    "compare": "runs side by side: a leaderboard, and what moved",
    "tune": "a search for good settings, which can be stopped and resumed",
    "predict": "new images, each put to the nearest cluster of a run",
    "study": "a published study, its rows beside the published figures",
    "fetch": "bring the model weights of an experiment into the local cache",
    "doctor": "devices, memory, versions, the store",
    "completion": "tab completion for bash and zsh",
}

HELP = f"""\
clusterlab: find out what is in a collection of pictures.

usage: clusterlab VERB [...]

{chr(10).join(f"  {verb:<11} {what}" for verb, what in VERBS.items())}

  --version   the version
  --debug     with any verb: show the traceback of an error

examples:
  clusterlab run                                        the default: handwritten digits
  clusterlab run dataset=folder dataset.path=my_photos  your own pictures
  clusterlab run +experiment=ci_smoke                   a named experiment
  clusterlab run -m clusterer=kmeans,hdbscan            a sweep
  clusterlab tune clusterer=hdbscan                     a search for good settings
  clusterlab VERB --help                                more on a verb

exit codes: 0 done, 1 failed or invalid, 2 wrong usage, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line. Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if words else UsageError.exit_code
    if words[0] in ("-V", "--version"):
        from clusterlab import __version__

        print(f"clusterlab {__version__}")
        return 0
    debug = "--debug" in words
    verb, *rest = [word for word in words if word != "--debug"] or [""]
    try:
        return _dispatch(verb, rest)
    except ClusterlabError as error:
        if debug:
            raise
        print(f"clusterlab: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("clusterlab: interrupted; what was finished is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has left: nothing is wrong, but Python must not say so on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        print(
            f"clusterlab: unexpected {type(error).__name__}: {error}\n"
            "This is a fault of clusterlab. The same command with --debug shows where.",
            file=sys.stderr,
        )
        return 1


def _dispatch(verb: str, words: list[str]) -> int:
    if verb not in VERBS:
        raise UsageError(f"Unknown verb '{verb}'.{closest(verb, VERBS)} See: clusterlab --help.")
    module = importlib.import_module(f"clusterlab.cli.{verb}")
    if any(word in ("-h", "--help") for word in words):
        print(module.HELP, end="")
        return 0
    return int(module.main(words))
