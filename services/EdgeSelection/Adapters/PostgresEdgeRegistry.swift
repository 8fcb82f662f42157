import JSON
import Model
import Postgres

/// The registry in PostgreSQL: `edge_locations`, `edge_status` and `edge_metrics`.
struct PostgresEdgeRegistry: EdgeRegistry {
  let pool: PostgresPool
  var limits = EdgeLimits()

  func load() async throws -> [EdgeRecord] {
    let rows = try await pool.query(
      """
      SELECT l.id, l.url, l.city, l.country, l.lat, l.lng,
             s.url, s.rpc_address, s.load_percent, s.active_uploads, s.bandwidth_mbps, s.draining, s.heard_at, s.probe_ms
      FROM edge_locations l LEFT JOIN edge_status s ON s.edge_id = l.id
      WHERE l.is_active ORDER BY l.id LIMIT \(EdgeLimits.sitesMax)
      """, [])
    var records: [EdgeRecord] = []
    records.reserveCapacity(rows.count)
    for row in rows {
      guard let id = EdgeID(try row[0].string) else { continue }
      let site = EdgeSite(
        id: id, url: try row[1].string, city: try row[2].string, country: try row[3].string,
        point: GeoPoint(latitude: try row[4].double, longitude: try row[5].double))
      records.append(EdgeRecord(site: site, status: try Self.status(in: row)))
    }
    return records
  }

  private static func status(in row: PostgresRow) throws -> EdgeStatus? {
    guard !row[6].isNull else { return nil }
    return EdgeStatus(
      url: try row[6].string, rpcAddress: try row[7].string, loadPercent: UInt32(clamping: try row[8].int64),
      activeUploads: UInt32(clamping: try row[9].int64), bandwidthMegabits: UInt32(clamping: try row[10].int64), isDraining: try row[11].bool,
      heardAt: try row[12].timestampMilliseconds, probeMilliseconds: try row[13].ifPresent?.double)
  }

  func add(_ site: EdgeSite) async throws {
    _ = try await pool.query(
      "INSERT INTO edge_locations (id, url, city, country, lat, lng) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
      [
        .string(site.id.text), .string(site.url), .string(site.city), .string(site.country), .double(site.point.latitude),
        .double(site.point.longitude),
      ])
  }

  func heard(_ status: EdgeStatus, from edge: EdgeID) async throws {
    // An older heartbeat that arrives late changes nothing.
    _ = try await pool.query(
      """
      INSERT INTO edge_status AS s (edge_id, url, rpc_address, load_percent, active_uploads, bandwidth_mbps, draining, heard_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (edge_id) DO UPDATE SET url = excluded.url, rpc_address = excluded.rpc_address, load_percent = excluded.load_percent,
        active_uploads = excluded.active_uploads, bandwidth_mbps = excluded.bandwidth_mbps, draining = excluded.draining,
        heard_at = excluded.heard_at
      WHERE s.heard_at <= excluded.heard_at
      """,
      [
        .string(edge.text), .string(status.url), .string(status.rpcAddress), .clamping(status.loadPercent),
        .clamping(min(status.activeUploads, UInt32(Int32.max))), .clamping(min(status.bandwidthMegabits, UInt32(Int32.max))),
        .bool(status.isDraining), .timestampMilliseconds(status.heardAt),
      ])
  }

  func probed(_ results: [ProbeResult]) async throws {
    guard !results.isEmpty else { return }
    var writer = JSONWriter(reservingCapacity: results.count * 128)
    writer.beginArray()
    for result in results {
      writer.beginObject()
      writer.key("edge_id")
      writer.string(result.edge.text)
      writer.key("at")
      writer.integer(result.at)
      writer.key("ms")
      writer.double(result.milliseconds)
      writer.key("load")
      writer.integer(UInt64(result.loadPercent))
      writer.key("active")
      writer.integer(UInt64(min(result.activeUploads, UInt32(Int32.max))))
      writer.key("bandwidth")
      writer.integer(UInt64(min(result.bandwidthMegabits, UInt32(Int32.max))))
      writer.endObject()
    }
    writer.endArray()
    _ = try await pool.query(
      """
      WITH probes AS (
        SELECT edge_id, to_timestamp(at / 1000.0) AS at, ms, load, active, bandwidth
        FROM json_to_recordset($1::json) AS p (edge_id text, at bigint, ms double precision, load integer, active integer, bandwidth integer)
      ), updated AS (
        UPDATE edge_status SET probe_ms = probes.ms, probed_at = probes.at FROM probes WHERE edge_status.edge_id = probes.edge_id
      )
      INSERT INTO edge_metrics (edge_id, recorded_at, latency_ms, load_percent, bandwidth_mbps, active_uploads)
      SELECT edge_id, at, round(ms), load, bandwidth, active FROM probes ON CONFLICT DO NOTHING
      """, [.string(writer.text)])
  }

  /// Makes the partitions that are about to be needed, rolls hours up and drops what is too old.
  func maintain(now: Int64) async throws {
    _ = try await pool.query(
      "SELECT maintain_edge_metrics($1, $2::integer, $3::integer)",
      [.timestampMilliseconds(now), .clamping(limits.metricsDays), .clamping(limits.hourlyMetricsDays)])
  }
}
