"""`dbt`, started without the garbage collector: importing dbt and reading its manifest make objects that stay, which the
collector would visit again and again. A run takes seconds, and needs some 20 MB more.
"""

import gc

if __name__ == "__main__":
    gc.disable()
    from dbt.cli.main import cli

    cli(prog_name="dbt")
