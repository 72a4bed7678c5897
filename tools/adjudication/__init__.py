"""Red lines of gateways, each with its wire log and a person's judgement: `python -m tools.adjudication`."""
