"""Documents that are run: their files are written, their commands typed, and what is printed is compared.

A page is Markdown, with these blocks:

- A fenced block with a title is a file of the page's folder; ` (added at the end)` after its name adds to it.
- A block `console` has commands, each after `$ `, and below each what it prints.
- A block `sh` has commands that must succeed.
- A comment `not run: REASON` before a block says why it cannot run here.
- A comment `before: COMMANDS` has what the page takes for granted.
- A comment `folder: NAME` begins a new, empty folder.
- A comment `terminal` before a block says that its commands run on a terminal.
- A comment `needs: NAME…` names modules and commands without which the page cannot run.

`ci.py`, in a comment `before`, runs the jobs of a page's workflow.
"""
