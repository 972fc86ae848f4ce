using Microsoft.Extensions.Options;

namespace RateLimiting.Client;

/// <summary>
/// How the service is called. An invalid value stops the start of the app, with a message that names the option.
/// </summary>
public sealed class RateLimiterClientOptions
{
    /// <summary>The usual section of the configuration for these options.</summary>
    public const string Section = "RateLimiter";

    /// <summary>The most checks that the service accepts in one batch.</summary>
    internal const int LargestBatch = 1000;

    /// <summary>The address of the service, such as <c>http://localhost:8000</c>. Required.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>The key that <c>POST /register</c> returned. Required.</summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// The timeout of a check, a usage query, a refund or a reset, including all attempts. 10 ms to 10 minutes.
    /// </summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The timeout of one attempt. 10 ms to <see cref="Timeout"/>.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The timeout of all other requests, such as an import of policies. 10 ms to an hour.</summary>
    public TimeSpan AdministrationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The maximum number of retries of a request that certainly did not count. 0 to 10; 0 is never.</summary>
    public int MaxRetries { get; set; } = 2;

    /// <summary>The delay before the first retry; it doubles with each further one. 1 ms to 10 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest Retry-After of a 429 that the client waits for, though never for a check. 0 to a minute.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the circuit breaker stays open, so that nothing is sent, after most requests failed. 0.5 s to 10 minutes.
    /// </summary>
    public TimeSpan CircuitBreak { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The age at which a connection is replaced, so that DNS changes take effect. 1 s to a day.</summary>
    public TimeSpan ConnectionLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether concurrent checks are batched into one request.</summary>
    public bool Batching { get; set; } = true;

    /// <summary>
    /// How long a check waits for others to join its batch. 0 to a second; with 0 it waits only while
    /// <see cref="MaxConcurrentBatches"/> requests are in progress.
    /// </summary>
    public TimeSpan BatchWindow { get; set; } = TimeSpan.Zero;

    /// <summary>The most checks in one request. 1 to 1000.</summary>
    public int MaxBatchSize { get; set; } = LargestBatch;

    /// <summary>The most requests with checks that are in progress at once. 1 to 1000.</summary>
    public int MaxConcurrentBatches { get; set; } = 4;

    /// <summary>The most checks that wait to be sent; a further one fails at once. 1 to 1,000,000.</summary>
    public int MaxWaitingChecks { get; set; } = 10_000;

    /// <summary>Whether a recent denial is repeated from a local cache, without a request.</summary>
    public bool LocalDenials { get; set; } = true;

    /// <summary>The most cached denials (of a user, subjects, route and role). 3 to 10,000,000.</summary>
    public int MaxLocalDenials { get; set; } = 10_000;

    /// <summary>
    /// The longest time that a denial is repeated without a request, so that changes made elsewhere take effect. 1 ms to an
    /// hour.
    /// </summary>
    public TimeSpan LocalDenialMaxAge { get; set; } = TimeSpan.FromSeconds(1);
}

internal sealed class RateLimiterClientOptionsValidator : IValidateOptions<RateLimiterClientOptions>
{
    // With less capacity, the three queues of the cache could not hold one entry each.
    private const int SmallestCache = 3;

    public ValidateOptionsResult Validate(string? name, RateLimiterClientOptions options)
    {
        var errors = new List<string>();
        Must(
            options.BaseAddress
                is { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "" },
            nameof(options.BaseAddress),
            "must be an http or https address, without a query"
        );
        Must(
            IsKey(options.ApiKey),
            nameof(options.ApiKey),
            "must be the key that POST /register gave"
        );
        Within(nameof(options.Timeout), options.Timeout, Ms(10), TimeSpan.FromMinutes(10));
        Within(nameof(options.AttemptTimeout), options.AttemptTimeout, Ms(10), options.Timeout);
        Within(
            nameof(options.AdministrationTimeout),
            options.AdministrationTimeout,
            Ms(10),
            TimeSpan.FromHours(1)
        );
        Between(nameof(options.MaxRetries), options.MaxRetries, 0, 10);
        Within(nameof(options.RetryDelay), options.RetryDelay, Ms(1), TimeSpan.FromSeconds(10));
        Within(
            nameof(options.MaxRetryAfter),
            options.MaxRetryAfter,
            TimeSpan.Zero,
            TimeSpan.FromMinutes(1)
        );
        Within(
            nameof(options.CircuitBreak),
            options.CircuitBreak,
            Ms(500),
            TimeSpan.FromMinutes(10)
        );
        Within(
            nameof(options.ConnectionLifetime),
            options.ConnectionLifetime,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromDays(1)
        );
        Within(
            nameof(options.BatchWindow),
            options.BatchWindow,
            TimeSpan.Zero,
            TimeSpan.FromSeconds(1)
        );
        Between(
            nameof(options.MaxBatchSize),
            options.MaxBatchSize,
            1,
            RateLimiterClientOptions.LargestBatch
        );
        Between(nameof(options.MaxConcurrentBatches), options.MaxConcurrentBatches, 1, 1000);
        Between(nameof(options.MaxWaitingChecks), options.MaxWaitingChecks, 1, 1_000_000);
        Between(
            nameof(options.MaxLocalDenials),
            options.MaxLocalDenials,
            SmallestCache,
            10_000_000
        );
        Within(
            nameof(options.LocalDenialMaxAge),
            options.LocalDenialMaxAge,
            Ms(1),
            TimeSpan.FromHours(1)
        );
        return errors.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(errors);

        void Must(bool holds, string option, string rule)
        {
            if (!holds)
            {
                errors.Add($"{RateLimiterClientOptions.Section}:{option} {rule}.");
            }
        }

        void Within(string option, TimeSpan value, TimeSpan least, TimeSpan most) =>
            Must(value >= least && value <= most, option, $"must be from {least} to {most}");

        void Between(string option, int value, int least, int most) =>
            Must(value >= least && value <= most, option, $"must be from {least} to {most}");
    }

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds((double)milliseconds);

    // A text that is no key could not be sent as a header either.
    private static bool IsKey(string? key) =>
        !string.IsNullOrEmpty(key) && key.All(character => character is > ' ' and <= '~');
}
