extension Int {
  /// What each of `holders` may have of so much that they share evenly: at least `least`, even if that is more than there is.
  @inlinable public func evenShare(among holders: Int, least: Int) -> Int { Swift.max(self / Swift.max(holders, 1), least) }
}
