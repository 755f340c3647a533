{{ wearable_measurement('wearable_google_fit', 'weight', 'started') }}
