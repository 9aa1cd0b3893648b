class ReadOnlyCredentials:
    access_key: str
    secret_key: str
    token: str | None

class Credentials:
    def get_frozen_credentials(self) -> ReadOnlyCredentials: ...

class RefreshableCredentials(Credentials):
    def refresh_needed(self) -> bool: ...
