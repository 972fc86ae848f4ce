using System.Net;
using Microsoft.Extensions.Hosting;
using RateLimiter.Application.Background;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Health;

/// <summary>
/// Acquires permits, and creates, changes, loads and deletes a client that no key can name. Operations that only read,
/// or change nothing for a client that does not exist, are warmed up by requests that the service sends to itself.
/// </summary>
/// <remarks>
/// It runs before anything else uses the store, so that first calls, which are slow, do not count as failures of the
/// store.
/// </remarks>
internal sealed class RedisWarmUp(
    RedisConnection connection,
    CheckProbe probe,
    RedisClientRepository clients,
    RedisPolicyRepository policies,
    RedisKeyRepository keys,
    TimeProvider time
) : IWarmUp, IHostedService
{
    private static readonly ClientId Nobody = CheckProbe.Nobody;

    private bool isWarm;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WarmUpAsync(cancellationToken);
        }
#pragma warning disable CA1031 // It recurs in the background, and is logged there.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            // The service starts without its store.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        if (isWarm)
        {
            return;
        }

        await probe.WarmUpAsync(cancellationToken);
        try
        {
            await ChangeAsync(cancellationToken);
        }
        finally
        {
            await DeleteAsync();
        }

        isWarm = true;
    }

    private async Task ChangeAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var actor = new Actor(KeyId: null, $"{IPAddress.Loopback}", RequestId: "");
        var key = ClientKey.Create(
            ApiKey.Generate(Nobody).Key,
            ClientKey.FirstName,
            Scopes.Admin,
            now
        );
        var registered = new AuditRecord(
            AuditAction.ClientRegistered,
            now,
            actor,
            Before: null,
            new AuditedClient("")
        );
        var saved = PolicyHead
            .None(PolicyKey.CatchAll)
            .Save(Policy.OfEveryAlgorithm(1).Definition, now, actor);
        await clients.AddAsync(new NewClient(Nobody, "", key, now), registered, cancellationToken);
        await policies.TryChangeAsync(
            Nobody,
            new PolicyChanges([saved], SetVersion: null, now, actor),
            new PolicyQuota(1, long.MaxValue),
            cancellationToken
        );
        if (await keys.FindAsync(Nobody, cancellationToken) is var (version, ring))
        {
            await keys.TrySaveAsync(Nobody, version, ring, ring, registered, cancellationToken);
        }

        await clients.FindVersionAsync(Nobody, cancellationToken);
        await clients.FindAsync(Nobody, known: 0, loaded: null, cancellationToken);
    }

    // Also when the service is stopped meanwhile: two instances that start at the same time may conflict, and must
    // leave nothing behind.
    private Task<long> DeleteAsync() =>
        connection.AskAsync(
            RedisKeys.Client(Nobody),
            database =>
                database.KeyDeleteAsync(
                    [
                        RedisKeys.Client(Nobody),
                        RedisKeys.ApiKeys(Nobody),
                        RedisKeys.Policies(Nobody),
                        RedisKeys.PolicyVersions(Nobody),
                        RedisKeys.PolicyVersionOrder(Nobody),
                        RedisKeys.DeletedPolicies(Nobody),
                        RedisKeys.Audit(Nobody),
                        RedisKeys.PolicyChanges(Nobody),
                    ],
                    CommandFlags.DemandMaster
                ),
            connection.AdministrativeTimeout,
            CancellationToken.None
        );
}
