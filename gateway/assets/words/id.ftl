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
