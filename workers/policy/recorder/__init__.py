"""Makes a profile or a flow of what a person does with an app: at the terminal, or in the console."""
