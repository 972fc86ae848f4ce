using Microsoft.Extensions.Options;

namespace RateLimiting.Client;

/// <summary>How the service is called. Wrong values stop the start of the app, with a line that names the option.</summary>
public sealed class RateLimiterClientOptions
{
    /// <summary>The section of the configuration that these are usually in.</summary>
    public const string Section = "RateLimiter";

    /// <summary>The most checks that the service takes in one batch.</summary>
    internal const int LargestBatch = 1000;

    /// <summary>Where the service is, such as <c>http://localhost:8000</c>. Required.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>The key that <c>POST /register</c> gave. Required.</summary>
    public string? ApiKey { get; set; }

    /// <summary>The longest that a check, a look at the usage, a refund or a reset takes with all its attempts. 10 ms to 10 minutes.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The longest that one attempt takes. 10 ms to <see cref="Timeout"/>.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest that anything else takes, such as an import of policies. 10 ms to an hour.</summary>
    public TimeSpan AdministrationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often something is tried again that surely did not count. 0 to 10; 0 is never.</summary>
    public int MaxRetries { get; set; } = 2;

    /// <summary>Before the first of them; each further one waits twice as long. 1 ms to 10 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait that a 429 asks for and that is waited for, though never for a check. 0 to a minute.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long nothing is sent any more after most of what was sent has failed. 0.5 s to 10 minutes.</summary>
    public TimeSpan CircuitBreak { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The age at which a connection is replaced, so that a change of the name's address is felt. 1 s to a day.</summary>
    public TimeSpan ConnectionLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether checks that come together go out together, as one request.</summary>
    public bool Batching { get; set; } = true;

    /// <summary>How long a check waits for others to come. 0 to a second; with 0 it does only while
    /// <see cref="MaxConcurrentBatches"/> requests are under way.</summary>
    public TimeSpan BatchWindow { get; set; } = TimeSpan.Zero;

    /// <summary>The most checks in one request. 1 to 1000.</summary>
    public int MaxBatchSize { get; set; } = LargestBatch;

    /// <summary>The most requests with checks that are under way. 1 to 1000.</summary>
    public int MaxConcurrentBatches { get; set; } = 4;

    /// <summary>The most checks that wait to be sent; one more fails at once. 1 to 1,000,000.</summary>
    public int MaxWaitingChecks { get; set; } = 10_000;

    /// <summary>Whether a user who has just been denied is denied here, without asking again.</summary>
    public bool LocalDenials { get; set; } = true;

    /// <summary>The most users, routes and roles that are known to be denied. 3 to 10,000,000.</summary>
    public int MaxLocalDenials { get; set; } = 10_000;

    /// <summary>The longest that a denial is repeated without asking, so that changes made elsewhere are felt. 1 ms to an hour.</summary>
    public TimeSpan LocalDenialMaxAge { get; set; } = TimeSpan.FromSeconds(1);
}

internal sealed class RateLimiterClientOptionsValidator : IValidateOptions<RateLimiterClientOptions>
{
    // Smaller, its three queues could not each hold one.
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

    // What is none cannot be a header either.
    private static bool IsKey(string? key) =>
        !string.IsNullOrEmpty(key) && key.All(character => character is > ' ' and <= '~');
}
