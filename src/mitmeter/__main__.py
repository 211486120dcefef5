"""`python -m mitmeter` is the `mitmeter` command."""


def run() -> None:
    """Load the command line only when it is asked for, and run it."""
    from mitmeter.cli.main import main

    main()


if __name__ == "__main__":
    run()
