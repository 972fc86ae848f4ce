using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Internal;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Sessions;
using RateLimiter.Application.Stores;

namespace RateLimiter.Dashboard.Sessions;

/// <summary>
/// The encryption keys of sessions. Data Protection requests them synchronously, so that they are read from the store before
/// each dashboard request that may need them (<see cref="PrepareAsync"/>), and created there when it has none: never by Data
/// Protection itself.
/// </summary>
internal sealed class SessionKeyManager(
    SessionKeyRepository repository,
    ISessionKeys store,
    IOptions<KeyManagementOptions> options,
    IActivator activator,
    ILoggerFactory loggers,
    TimeProvider time
) : IKeyManager, IDisposable
{
    /// <summary>How long the cached keys are used. Other instances add a key long before it is used.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>
    /// A key is replaced this long before it expires, so that all instances know the next one when it becomes active.
    /// </summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromDays(7);

    private readonly XmlKeyManager manager = new(options, activator, loggers);
    private readonly SemaphoreSlim gate = new(1);
    private CancellationTokenSource outdated = new();
    private long? readAt;

    /// <summary>Ensures that there is a usable key, and that it is in the store.</summary>
    /// <exception cref="StoreUnavailableException">No key is known and the store does not answer.</exception>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        if (IsUpToDate())
        {
            return;
        }

        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!IsUpToDate())
            {
                await ReadAsync(cancellationToken);
                readAt = time.GetTimestamp();
            }
        }
        catch (StoreUnavailableException) when (readAt is not null)
        {
            // The known keys remain valid.
            readAt = time.GetTimestamp();
        }
        finally
        {
            gate.Release();
        }
    }

    public IKey CreateNewKey(DateTimeOffset activationDate, DateTimeOffset expirationDate) =>
        manager.CreateNewKey(activationDate, expirationDate);

    public IReadOnlyCollection<IKey> GetAllKeys() => manager.GetAllKeys();

    public CancellationToken GetCacheExpirationToken() => outdated.Token;

    public void RevokeAllKeys(DateTimeOffset revocationDate, string? reason = null) =>
        throw new NotSupportedException("Keys are not revoked: delete them in the store.");

    public void RevokeKey(Guid keyId, string? reason = null) =>
        throw new NotSupportedException("Keys are not revoked: delete them in the store.");

    public void Dispose()
    {
        gate.Dispose();
        outdated.Dispose();
    }

    private bool IsUpToDate() => readAt is { } at && time.GetElapsedTime(at) < MaxAge;

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await store.ListAsync(cancellationToken);
            // A store that has lost all its data gets the keys back from an instance that knows them.
            if (stored.Count > 0 || repository.Known.Count == 0)
            {
                Use([.. stored.Select(XElement.Parse)]);
                if (NextKey(manager.GetAllKeys()) is not { } next)
                {
                    return;
                }

                manager.CreateNewKey(next.From, next.To);
            }

            var added =
                stored.Count > 0 || repository.Known.Count == 0
                    ? repository.TakeAdded()
                    : repository.Known;
            if (
                await store.TryAddAsync(
                    [.. added.Select(key => key.ToString(SaveOptions.DisableFormatting))],
                    stored.Count,
                    cancellationToken
                )
            )
            {
                Use([.. stored.Select(XElement.Parse), .. added]);
                return;
            }
        }
    }

    private (DateTimeOffset From, DateTimeOffset To)? NextKey(IReadOnlyCollection<IKey> keys)
    {
        var now = time.GetUtcNow();
        var end = keys.Where(key => !key.IsRevoked)
            .Select(key => key.ExpirationDate)
            .DefaultIfEmpty(DateTimeOffset.MinValue)
            .Max();
        return end > now + Overlap ? null
            : end > now ? (end, end + Lifetime)
            : (now, now + Lifetime);
    }

    private void Use(IReadOnlyList<XElement> keys)
    {
        if (keys.Count == repository.Known.Count && keys.Zip(repository.Known).All(AreSame))
        {
            return;
        }

        repository.Known = keys;
        var before = Interlocked.Exchange(ref outdated, new CancellationTokenSource());
        before.Cancel();
        before.Dispose();
    }

    private static bool AreSame((XElement, XElement) pair) =>
        XNode.DeepEquals(pair.Item1, pair.Item2);
}
