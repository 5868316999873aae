# Why there is no value, or why one is doubtful
reason-timeout = the device did not answer
reason-corrupt = damaged answer (CRC or length does not fit)
reason-refused = the device refused the request
reason-unreachable = the bus cannot be reached
reason-missing = the device says that there is no value
reason-out-of-range = outside the believable range
reason-not-a-number = not a number
reason-not-valid = does not apply now
reason-undated = clock not synchronised

# Commands
cli-about = Pantau: the gateway for programme sites. Reads solar plants, water tanks and BSF bins, keeps every reading, and publishes it.
cli-after = Start with: pantau demo (needs no device) or pantau check -c pantau.toml
cli-usage = Usage
cli-commands = Commands
cli-options = Options
cli-run = Run the gateway: read, keep, publish, and show the local page
cli-demo = A simulated site behind real Modbus, a month of history, and the page open
cli-check = Check the configuration and show the reading plan
cli-read = Read one device once: raw and decoded
cli-simulate = Serve the configuration's devices as a Modbus simulator, to rehearse
cli-import = Take readings of one point from a CSV (time,value)
cli-export = Give readings of one point as CSV (time,value)
cli-backup = Copy the whole store, also while the gateway runs
cli-arg-help = Show this help
cli-arg-version = Show the version
cli-arg-lang = Language: id or en (also PANTAU_LANG)
cli-arg-log = Log filter, e.g. info,gateway=debug (also PANTAU_LOG)
cli-arg-log-json = Log lines as JSON
cli-arg-config = Configuration file; /etc/pantau/pantau.toml when not named
cli-arg-json = JSON output for scripts
cli-arg-schema = Print the configuration's JSON Schema for editors
cli-arg-device = Device id as in the configuration
cli-arg-point = Point, e.g. inverter.ac_power
cli-arg-file = CSV file, or - for standard input
cli-arg-from = From this time on (RFC 3339)
cli-arg-to = Up to but not including this time (RFC 3339)
cli-arg-output = Output file; the screen when not named
cli-backup-output = File of the copy
cli-fault-missing = missing: { $found }. See --help.
cli-fault-unknown = not known: { $found }. See --help.
cli-fault-other = { $found } cannot take "{ $value }". See --help.
cli-fault-near = Did you mean: { $near }

# Simulated site: simulate and demo
cli-arg-seed = Seed of all chance: the same seed gives the same site
cli-arg-speed = Simulated seconds a second, up to 86400
cli-demo-mqtt = Publish to this MQTT broker as well, e.g. mqtt://127.0.0.1:1883
cli-demo-influx = Write to this InfluxDB as well, e.g. http://127.0.0.1:8086 (token: PANTAU_INFLUX_TOKEN)
cli-demo-port = Port of the page on this machine; the next free one when taken
cli-demo-days = Days of history to begin with
cli-demo-store = Keep the readings in this directory; gone at the end when not named
sim-bus = { $bus }: { $kind } at { $place }
sim-moved = not at the configuration's port: that one is taken or needs more rights
sim-device = { $device }: unit { $unit }, { $points } points
sim-until-stopped = Ctrl-C ends it.
demo-welcome = { $site }: a simulated site. Its devices are real Modbus servers on this machine:
demo-history = History (days)
demo-page = The page: { $page }
demo-mqtt = Published to { $url } under pantau/desa-impian/
demo-influx = Written to { $url }, bucket pantau
demo-next = What next?
    { "  " }- see a day pass in ten minutes: pantau demo --speed 144
    { "  " }- publish as well: pantau demo --mqtt mqtt://127.0.0.1:1883
    { "  " }- ask a device yourself: the mbpoll calls above
    { "  " }- read your own devices: start from { $config }, then pantau check -c FILE and pantau run -c FILE

# Faults of a configuration
fault-syntax = not valid TOML: { $found }
fault-file = cannot be read: { $found }
fault-missing = missing
fault-unknown-key = unknown key `{ $found }`
fault-type = found { $found }, expected { $expected }
fault-value = found `{ $found }`, expected { $expected }
fault-range = { $found } is not in { $expected }
fault-word = unknown word `{ $found }`, expected one of { $expected }
fault-secret = a secret does not belong in this file: put it into a file of its own and name it with `{ $found }`, or into the environment variable { $expected }
fault-secret-file = cannot read { $found }; the environment variable { $expected } works as well
fault-no-file = no file { $found }
fault-no-directory = no directory { $found }
fault-duplicate = `{ $found }` is used twice
fault-too-many = { $found } are too many, at most { $expected }
fault-unknown-bus = unknown bus `{ $found }`
fault-unknown-profile = unknown profile `{ $found }`
fault-unknown-point = unknown point `{ $found }`
fault-unknown-unit = unknown unit `{ $found }`
fault-bus-later = this version cannot open a `{ $found }` bus; it opens { $expected }
fault-sunspec-later = this version cannot discover SunSpec devices yet; list the points, or name another profile
fault-other-kind = `{ $found }` does not belong to this kind of bus
fault-no-points = neither a profile nor points: name one, or list the points
fault-profile-and-points = the device has the profile `{ $found }`; list points only for a device without a profile
fault-bit-type = coils and discrete inputs are `{ $expected }`, not `{ $found }`
fault-high-register = { $found } must be in the same table, and the type a 32-bit one
fault-wraps-at = { $found } must be above 0, on a point with `counter = true`
fault-limits = { $found } does not fit into one request ({ $expected })
fault-no-capture = point `{ $found }` has no capture
fault-overlap = shares some registers with point `{ $found }`; is the address or the type right?
fault-same-unit = unit { $found } is polled by another device of this bus as well
fault-loopback-only = { $found } would be open to the network; until people log in, the page listens on { $expected }
fault-assumed = left out; { $expected } is assumed
fault-hint = did you mean `{ $hint }`?
fault-expect-text = a text in quotes
fault-expect-integer = a whole number
fault-expect-number = a number
fault-expect-boolean = true or false
fault-expect-table = a table
fault-expect-list = a list
fault-expect-integers = a whole number or a list of them
fault-expect-duration = a duration such as "500ms", "10s", "5m", "1h", "7d"
fault-expect-size = a size such as "200 MB", "2 GB"
fault-expect-id = 1 to 64 letters, digits, `-` or `_`
fault-expect-timezone = an IANA time zone such as Asia/Jakarta
fault-expect-register = `holding:N`, `input:N`, `coil:N` or `discrete:N`, N from 0 to 65535
fault-expect-block = a range such as `holding:0-79`
fault-expect-bits = a bit or a range such as 3, "0-3" or [0, 3] within a whole-number type
fault-expect-scale = a decimal with at most 18 digits that is not 0
fault-expect-powers = pairs of a raw value and a power of ten, such as [[1, -1], [2, -2]]
fault-expect-point = the id of a point
fault-expect-topic = a topic without spaces, `#`, `+`, leading or trailing `/`
