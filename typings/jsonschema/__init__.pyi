from jsonschema.exceptions import SchemaError as SchemaError
from jsonschema.exceptions import ValidationError as ValidationError
from jsonschema.validators import Draft202012Validator as Draft202012Validator

__all__ = ["Draft202012Validator", "SchemaError", "ValidationError"]
