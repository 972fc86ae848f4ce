using Microsoft.Extensions.Logging.Testing;

namespace RateLimiter.IntegrationTests;

internal static class LogMessages
{
    /// <summary>The messages that were logged so far.</summary>
    public static IReadOnlyList<string> Messages(this FakeLogCollector log) =>
        [.. log.GetSnapshot().Select(line => line.Message)];
}
