using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application;
using RateLimiter.Application.Keys;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Keys;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KeyUsesTests : IDisposable
{
    private static readonly long Minute = A.Moment.ToUnixTimeSeconds() / 60;

    private readonly Mock<IKeyRepository> keys = new();
    private readonly List<(ClientId Client, string Uses)> written = [];
    private readonly FakeTimeProvider time = new(A.Moment);
    private readonly AuthenticatedCaller holder = A.Holder(A.Snapshot(A.Client));
    private readonly KeyUses uses;

    public KeyUsesTests()
    {
        uses = new KeyUses(keys.Object, time, NullLogger<KeyUses>.Instance);
        keys.Setup(it =>
                it.SaveUsesAsync(
                    It.IsAny<ClientId>(),
                    It.IsAny<IReadOnlyDictionary<KeyHash, long>>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .Callback(
                (ClientId client, IReadOnlyDictionary<KeyHash, long> uses, CancellationToken _) =>
                    written.Add((client, string.Join(' ', uses)))
            )
            .Returns(Task.CompletedTask);
    }

    public void Dispose() => uses.Dispose();

    [Test]
    public async Task Write_UsedManyTimesInAMinute_IsWrittenOnce()
    {
        for (var i = 0; i < 1000; i++)
        {
            uses.Record(holder, A.Moment);
        }

        await uses.WriteAsync(A.Client, default);
        await uses.WriteAsync(A.Client, default);

        Assert.That(written, Is.EqualTo(new[] { (A.Client, $"[{holder.Key.Hash}, {Minute}]") }));
    }

    [Test]
    public async Task Write_UsedInTheNextMinute_IsWrittenAgain()
    {
        uses.Record(holder, A.Moment);
        await uses.WriteAsync(A.Client, default);
        uses.Record(holder, A.Moment);
        uses.Record(holder, A.Moment.AddMinutes(1));

        await uses.WriteAsync(A.Client, default);

        Assert.That(written[^1].Uses, Is.EqualTo($"[{holder.Key.Hash}, {Minute + 1}]"));
        Assert.That(written, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Write_TheStoreDoesNotAnswer_IsWrittenTheNextTime()
    {
        uses.Record(holder, A.Moment);
        keys.SetupSequence(it =>
                it.SaveUsesAsync(
                    It.IsAny<ClientId>(),
                    It.IsAny<IReadOnlyDictionary<KeyHash, long>>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .ThrowsAsync(new StoreUnavailableException("gone"))
            .Returns(Task.CompletedTask);

        Assert.That(
            () => uses.WriteAsync(A.Client, default),
            Throws.TypeOf<StoreUnavailableException>()
        );
        await uses.WriteAsync(A.Client, default);
        await uses.WriteAsync(A.Client, default);

        Assert.That(keys.Invocations, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Run_FromTimeToTime_WritesAllAndTheRestAtTheEnd()
    {
        var other = ClientId.New();
        uses.Record(holder, A.Moment);
        uses.Record(A.Holder(A.Snapshot(other)), A.Moment);

        await uses.StartAsync(default);
        // The timer is made in the background.
        while (written.Count < 2)
        {
            time.Advance(KeyUses.Interval);
            await Task.Yield();
        }

        uses.Record(holder, A.Moment.AddMinutes(5));
        await uses.StopAsync(default);

        Assert.That(
            written.Select(use => use.Client),
            Is.EquivalentTo(new[] { A.Client, other, A.Client })
        );
    }
}
