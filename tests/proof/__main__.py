"""Each forked command imports this module, so it imports nothing itself."""

if __name__ == "__main__":
    import sys

    from tests.proof.command import main

    sys.exit(main())
