/// How many bytes are held for no other reason than that a part of their block is still needed. Belongs to one thread.
public final class LentAccount {
  public internal(set) var heldBytes = 0
  public init() {}
}
