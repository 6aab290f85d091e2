"""The UI server that runs inside a phone: what `com.wetest.uia2.Main` does, over JSON-RPC."""
