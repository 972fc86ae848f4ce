using System.Globalization;

namespace RateLimiter.EndToEndTests.Checks;

/// <summary>
/// A noisy neighbour: one tenant uses everything it is allowed to, and the store still decides the checks of another tenant.
/// With the default timeouts of the service, and not in parallel with other tests, because time is the resource that runs
/// out.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class NeighbourTests
{
    private const int Checks = 300;
    private const int LoggedPermits = 10_000;
    private const int BatchSize = 1000;
    private const int Limits = 8;

    [Test]
    public async Task Check_AnotherTenantSendsBatchesOfTheDearestChecks_IsDecidedByTheStore()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAloneAsync(SharedServices.Open);
        var attacker = await TestClient.RegisterAsync(service);
        var limits = Enumerable
            .Range(0, Limits)
            .Select(i =>
                $$"""{"limit":{{LoggedPermits}},"window_seconds":{{3600 + i}},"algorithm":"sliding_log"}"""
            );
        (
            await attacker.PostAsync(
                "/policy",
                $$"""{"route_key":"dearest","limits":[{{string.Join(',', limits)}}]}"""
            )
        ).MustBeOk();
        for (var i = 0; i < LoggedPermits; i += BatchSize)
        {
            await SendBatchAsync(attacker, () => 1);
        }

        var neighbour = await TestClient.RegisterAsync(service);
        await neighbour.HasPolicyAsync("r", 1_000_000);
        using var stop = new CancellationTokenSource();
        var attack = AttackAsync(attacker, stop.Token);

        var missed = 0;
        for (var i = 0; i < Checks; i++)
        {
            var answer = await neighbour.CheckAsync($"user {i % 10}", "r");
            if (answer.Status != 200 || answer["degraded"].GetBoolean())
            {
                missed++;
            }
        }

        await stop.CancelAsync();
        Assert.That(await attack, Is.Positive, "There was no attack.");
        Assert.That(missed, Is.AtMost(Checks / 100));
    }

    private static async Task<int> AttackAsync(TestClient attacker, CancellationToken stop)
    {
        var batches = 0;
        for (; !stop.IsCancellationRequested; batches++)
        {
            await SendBatchAsync(attacker, () => Random.Shared.Next(1, LoggedPermits));
        }

        return batches;
    }

    private static async Task SendBatchAsync(TestClient client, Func<int> cost)
    {
        var checks = Enumerable
            .Range(0, BatchSize)
            .Select(_ =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"user_id":"u","route_key":"dearest","cost":{{cost()}}}"""
                )
            );
        (
            await client.PostAsync(
                "/check/batch",
                $$"""{"checks":[{{string.Join(',', checks)}}]}"""
            )
        ).MustBeOk();
    }
}
