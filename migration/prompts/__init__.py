"""Prompts as templates are found and recognised in them: tokens of any script (`tokens`), and an `index` of templates.

The audit finds templates in a log and compiles them to a `TemplateIndex`; production recognises a request by the same
index, so both always agree. Standard library only, and linear in the length of what is asked about.
"""
