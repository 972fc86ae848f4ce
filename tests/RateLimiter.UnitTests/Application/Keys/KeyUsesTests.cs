using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Keys;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KeyUsesTests : IDisposable
{
    private static readonly long Minute = TestData.Moment.ToUnixTimeSeconds() / 60;

    private readonly Mock<IKeyRepository> keys = new();
    private readonly List<(ClientId Client, string Uses)> written = [];
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly AuthenticatedCaller caller = TestData.Caller(
        TestData.Snapshot(TestData.Client)
    );
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
            uses.Record(caller, TestData.Moment);
        }

        await uses.WriteAsync(TestData.Client, default);
        await uses.WriteAsync(TestData.Client, default);

        Assert.That(
            written,
            Is.EqualTo(new[] { (TestData.Client, $"[{caller.Key.Hash}, {Minute}]") })
        );
    }

    [Test]
    public async Task Write_UsedInTheNextMinute_IsWrittenAgain()
    {
        uses.Record(caller, TestData.Moment);
        await uses.WriteAsync(TestData.Client, default);
        uses.Record(caller, TestData.Moment);
        uses.Record(caller, TestData.Moment.AddMinutes(1));

        await uses.WriteAsync(TestData.Client, default);

        Assert.That(written[^1].Uses, Is.EqualTo($"[{caller.Key.Hash}, {Minute + 1}]"));
        Assert.That(written, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Write_TheStoreDoesNotAnswer_IsWrittenTheNextTime()
    {
        uses.Record(caller, TestData.Moment);
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
            () => uses.WriteAsync(TestData.Client, default),
            Throws.TypeOf<StoreUnavailableException>()
        );
        await uses.WriteAsync(TestData.Client, default);
        await uses.WriteAsync(TestData.Client, default);

        Assert.That(keys.Invocations, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Run_FromTimeToTime_WritesAllAndTheRestAtTheEnd()
    {
        var other = ClientId.New();
        uses.Record(caller, TestData.Moment);
        uses.Record(TestData.Caller(TestData.Snapshot(other)), TestData.Moment);

        await uses.StartAsync(default);
        // The timer is created in the background.
        while (written.Count < 2)
        {
            time.Advance(KeyUses.Interval);
            await Task.Yield();
        }

        uses.Record(caller, TestData.Moment.AddMinutes(5));
        await uses.StopAsync(default);

        Assert.That(
            written.Select(use => use.Client),
            Is.EquivalentTo(new[] { TestData.Client, other, TestData.Client })
        );
    }
}
