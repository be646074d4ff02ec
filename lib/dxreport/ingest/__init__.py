"""From a platform's export to months of a data folder.

`mapping` says how an export becomes a table, `text` how two spellings are one. `sheets`,
`header` and `child` run in a process of their own and give back the mapped columns only, which
`parsing` asks for (and `sql` from a database). `values` and `names` make a cell what the
contract wants, `build` a table of them, with the row of the export beside each. `store` puts its
months into the folder, whole or not at all, and `change` says what that changes. `run` is the
whole way; `guess` writes a first mapping.
"""
