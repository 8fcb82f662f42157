/// How well a channel, or one server of it, can be reached, as gRPC names it.
public enum ConnectivityState: String, Sendable {
  case idle = "IDLE"
  case connecting = "CONNECTING"
  case ready = "READY"
  case transientFailure = "TRANSIENT_FAILURE"
  case shutdown = "SHUTDOWN"
}
