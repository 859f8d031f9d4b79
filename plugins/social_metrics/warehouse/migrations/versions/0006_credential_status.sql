grant select (account_code, platform, access_expires_at, refresh_expires_at, generation, updated_at)
    on ops.credentials to social_metrics_transformer;
