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
