web-health = Kasarasan
web-times-in = Wekdal wonten ing
