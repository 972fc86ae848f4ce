using RateLimiter.Infrastructure.Redis.Sessions;

namespace RateLimiter.IntegrationTests.Redis.Sessions;

public sealed class SessionsTests(StoreKind kind) : StoreTests(kind)
{
    [Test]
    public async Task Session_OpenedAndEnded_IsOpenBetween()
    {
        var sessions = new RedisSessions(Store.Connection);
        var id = $"{Guid.NewGuid():N}";

        var before = await sessions.IsOpenAsync(id, default);
        await sessions.OpenAsync(id, TimeSpan.FromHours(1), default);
        var open = await sessions.IsOpenAsync(id, default);
        await sessions.EndAsync(id, default);
        var after = await sessions.IsOpenAsync(id, default);

        Assert.That((before, open, after), Is.EqualTo((false, true, false)));
    }

    [Test]
    public async Task Session_ItsLifetimeIsOver_HasEnded()
    {
        var sessions = new RedisSessions(Store.Connection);
        var id = $"{Guid.NewGuid():N}";

        await sessions.OpenAsync(id, TimeSpan.FromMilliseconds(50), default);

        Assert.That(
            async () => await sessions.IsOpenAsync(id, default),
            Is.False.After(delayInMilliseconds: 10_000, pollingInterval: 20)
        );
    }
}
