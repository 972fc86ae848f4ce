using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Redis.Analytics;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Health;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>Collects logged messages.</summary>
internal sealed class MessageLog
    : ILogger<RedisConnection>,
        ILogger<EmbeddedHost>,
        ILogger<RedisAnalytics>,
        ILogger<RedisInvalidationChannel>,
        ILogger<StoreMonitor>,
        ILogger<ConnectionRenewal>
{
    public ConcurrentQueue<string> Messages { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => Messages.Enqueue(formatter(state, exception));
}
