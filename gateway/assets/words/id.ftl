# Alasan mengapa suatu nilai tidak ada atau diragukan
reason-timeout = alat tidak menjawab
reason-corrupt = jawaban rusak (CRC atau panjang tidak cocok)
reason-refused = alat menolak permintaan
reason-unreachable = jalur tidak dapat dihubungi
reason-missing = alat menyatakan tidak ada nilai
reason-out-of-range = di luar rentang yang masuk akal
reason-not-a-number = bukan angka
reason-not-valid = tidak berlaku saat ini
reason-undated = jam belum sinkron

# Perintah
cli-about = Pantau: gateway untuk lokasi program. Membaca PLTS, tandon air, dan biopond BSF, menyimpan setiap bacaan, lalu menerbitkannya.
cli-after = Mulai dari: pantau demo (tidak perlu alat apa pun) atau pantau check -c pantau.toml
cli-usage = Pemakaian
cli-commands = Perintah
cli-options = Pilihan
cli-run = Jalankan gateway: membaca, menyimpan, menerbitkan, dan menampilkan halaman lokal
cli-demo = Lokasi tiruan dengan Modbus sungguhan, riwayat sebulan, dan halaman yang terbuka
cli-check = Periksa konfigurasi dan tampilkan rencana pembacaan
cli-read = Baca satu alat satu kali: mentah dan hasil terjemahannya
cli-simulate = Layani alat-alat dalam konfigurasi sebagai simulator Modbus, untuk berlatih
cli-import = Masukkan bacaan dari CSV (time,value) ke satu titik
cli-export = Keluarkan bacaan satu titik sebagai CSV (time,value)
cli-backup = Salin seluruh penyimpanan, juga saat gateway berjalan
cli-arg-help = Tampilkan bantuan ini
cli-arg-version = Tampilkan versi
cli-arg-lang = Bahasa: id atau en (juga PANTAU_LANG)
cli-arg-log = Saringan log, misalnya info,gateway=debug (juga PANTAU_LOG)
cli-arg-log-json = Baris log sebagai JSON
cli-arg-config = Berkas konfigurasi; bila tidak disebut /etc/pantau/pantau.toml
cli-arg-json = Keluaran JSON untuk skrip
cli-arg-schema = Tampilkan JSON Schema konfigurasi untuk penyunting teks
cli-arg-device = Nama alat seperti dalam konfigurasi
cli-arg-point = Titik ukur, misalnya inverter.ac_power
cli-arg-file = Berkas CSV, atau - untuk masukan baku
cli-arg-from = Mulai dari waktu ini (RFC 3339)
cli-arg-to = Sampai sebelum waktu ini (RFC 3339)
cli-arg-output = Berkas tujuan; bila tidak disebut ke layar
cli-backup-output = Berkas salinan
cli-fault-missing = kurang: { $found }. Lihat --help.
cli-fault-unknown = tidak dikenal: { $found }. Lihat --help.
cli-fault-other = { $found } tidak dapat memakai "{ $value }". Lihat --help.
cli-fault-near = Mungkin maksudnya: { $near }

# Lokasi tiruan: simulate dan demo
cli-arg-seed = Benih keacakan: benih yang sama memberi lokasi yang sama
cli-arg-speed = Berapa detik tiruan dalam satu detik, paling banyak 86400
cli-demo-mqtt = Kirim juga ke broker MQTT ini, mis. mqtt://127.0.0.1:1883
cli-demo-influx = Tulis juga ke InfluxDB ini, mis. http://127.0.0.1:8086 (token: PANTAU_INFLUX_TOKEN)
cli-demo-port = Port halaman di komputer ini; bila terpakai, port bebas berikutnya
cli-demo-days = Berapa hari riwayat sebagai permulaan
cli-demo-store = Simpan bacaan di direktori ini; bila tidak disebut, terhapus di akhir
sim-bus = { $bus }: { $kind } di { $place }
sim-moved = bukan port dari konfigurasi: port itu terpakai atau butuh hak lebih
sim-device = { $device }: unit { $unit }, { $points } titik ukur
sim-until-stopped = Ctrl-C untuk berhenti.
demo-welcome = { $site }: lokasi tiruan. Alat-alatnya adalah server Modbus sungguhan di komputer ini:
demo-history = Riwayat (hari)
demo-page = Halaman: { $page }
demo-mqtt = Dikirim ke { $url } di bawah pantau/desa-impian/
demo-influx = Ditulis ke { $url }, bucket pantau
demo-next = Selanjutnya?
    { "  " }- lihat satu hari dalam sepuluh menit: pantau demo --speed 144
    { "  " }- kirim juga ke MQTT: pantau demo --mqtt mqtt://127.0.0.1:1883
    { "  " }- tanyai sendiri sebuah alat: pakai perintah mbpoll di atas
    { "  " }- baca alat Anda sendiri: mulai dari { $config }, lalu pantau check -c BERKAS dan pantau run -c BERKAS

# Kesalahan dalam konfigurasi
fault-syntax = bukan TOML yang sah: { $found }
fault-file = tidak dapat dibaca: { $found }
fault-missing = belum diisi
fault-unknown-key = kunci `{ $found }` tidak dikenal
fault-type = tertulis { $found }, seharusnya { $expected }
fault-value = tertulis `{ $found }`, seharusnya { $expected }
fault-range = { $found } di luar { $expected }
fault-word = kata `{ $found }` tidak dikenal, pilihannya { $expected }
fault-secret = rahasia tidak boleh ada di berkas ini: simpan dalam berkas tersendiri dan sebutkan dengan `{ $found }`, atau dalam variabel lingkungan { $expected }
fault-secret-file = tidak dapat membaca { $found }; variabel lingkungan { $expected } juga bisa dipakai
fault-no-file = berkas { $found } tidak ada
fault-no-directory = direktori { $found } tidak ada
fault-duplicate = `{ $found }` dipakai dua kali
fault-too-many = { $found } terlalu banyak, paling banyak { $expected }
fault-unknown-bus = jalur `{ $found }` tidak dikenal
fault-unknown-profile = profil `{ $found }` tidak dikenal
fault-unknown-point = titik `{ $found }` tidak dikenal
fault-unknown-unit = satuan `{ $found }` tidak dikenal
fault-bus-later = versi ini belum dapat membuka jalur `{ $found }`; yang bisa: { $expected }
fault-sunspec-later = versi ini belum dapat mengenali alat SunSpec; daftarkan titiknya, atau sebutkan profil lain
fault-other-kind = `{ $found }` bukan untuk jenis jalur ini
fault-no-points = tidak ada profil maupun titik: sebutkan profil, atau daftarkan titiknya
fault-profile-and-points = alat ini memakai profil `{ $found }`; daftarkan titik hanya untuk alat tanpa profil
fault-bit-type = coil dan discrete input bertipe `{ $expected }`, bukan `{ $found }`
fault-high-register = { $found } harus di tabel yang sama, dan tipenya 32 bit
fault-wraps-at = { $found } harus di atas 0, pada titik dengan `counter = true`
fault-limits = { $found } tidak muat dalam satu permintaan ({ $expected })
fault-no-capture = titik `{ $found }` tidak punya rekaman (capture)
fault-overlap = sebagian registernya juga milik titik `{ $found }`; apakah alamat atau tipenya benar?
fault-same-unit = unit { $found } juga dibaca oleh alat lain di jalur ini
fault-loopback-only = { $found } akan terbuka ke jaringan; sebelum ada log masuk, halaman hanya dilayani di { $expected }
fault-assumed = tidak diisi; dianggap { $expected }
fault-hint = maksudnya `{ $hint }`?
fault-expect-text = teks dalam tanda kutip
fault-expect-integer = bilangan bulat
fault-expect-number = bilangan
fault-expect-boolean = true atau false
fault-expect-table = tabel
fault-expect-list = daftar
fault-expect-integers = bilangan bulat atau daftar bilangan bulat
fault-expect-duration = lama waktu seperti "500ms", "10s", "5m", "1h", "7d"
fault-expect-size = ukuran seperti "200 MB", "2 GB"
fault-expect-id = 1 sampai 64 huruf, angka, `-` atau `_`
fault-expect-timezone = zona waktu IANA seperti Asia/Jakarta
fault-expect-register = `holding:N`, `input:N`, `coil:N` atau `discrete:N`, N dari 0 sampai 65535
fault-expect-block = rentang seperti `holding:0-79`
fault-expect-bits = satu bit atau rentang seperti 3, "0-3" atau [0, 3] dalam tipe bilangan bulat
fault-expect-scale = bilangan desimal paling banyak 18 angka dan bukan 0
fault-expect-powers = pasangan nilai mentah dan pangkat sepuluh, seperti [[1, -1], [2, -2]]
fault-expect-point = id sebuah titik
fault-expect-topic = topik tanpa spasi, `#`, `+`, dan tanpa `/` di awal atau akhir
