"""Programs that use Wengert as its users do."""
