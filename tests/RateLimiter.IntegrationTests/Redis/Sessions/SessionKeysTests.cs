using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Sessions;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Sessions;

/// <summary>All instances share one list, so that the tests run in one instance.</summary>
public sealed class SessionKeysTests(StoreKind kind) : StoreTests(kind)
{
    [Test]
    public async Task TryAdd_OthersAddedMeanwhile_AddsNothing()
    {
        var connection = Store.Connection;
        await connection.AskAsync(
            RedisKeys.SessionKeys,
            database => database.KeyDeleteAsync(RedisKeys.SessionKeys),
            connection.AdministrativeTimeout,
            default
        );
        var keys = new RedisSessionKeys(connection);

        Assert.That(await keys.ListAsync(default), Is.Empty);
        Assert.That(await keys.TryAddAsync(["<a/>", "<ü b=\"1\" />"], 0, default), Is.True);
        Assert.That(await keys.TryAddAsync(["<c/>"], 0, default), Is.False);
        Assert.That(await keys.TryAddAsync(["<c/>"], 2, default), Is.True);
        Assert.That(await keys.ListAsync(default), Is.EqualTo(["<a/>", "<ü b=\"1\" />", "<c/>"]));
    }
}
