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
