using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Connection;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StoreCircuitTests
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly FakeLogger logger = new();
    private readonly StoreCircuit circuit;

    public StoreCircuitTests() => circuit = new StoreCircuit(() => " here", time, logger);

    [Test]
    public async Task Ask_FewerFailuresThanAreTaken_StaysClosed()
    {
        await FailAsync(StoreCircuit.MinAsked - 1);

        Assert.That(circuit.IsOpen, Is.False);
        Assert.That(await AnswerAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task Ask_Open_DoesNotAsk()
    {
        await FailAsync(StoreCircuit.MinAsked);
        var asked = 0;

        Assert.That(circuit.IsOpen);
        Assert.That(
            () => circuit.AskAsync(() => Task.FromResult(++asked)),
            Throws.TypeOf<StoreUnavailableException>()
        );
        time.Advance(StoreCircuit.OpenTime * 10);
        Assert.That(
            () => circuit.AskAsync(() => Task.FromResult(++asked)),
            Throws.TypeOf<StoreUnavailableException>(),
            "Nobody's question is the probe."
        );
        Assert.That(asked, Is.Zero);
    }

    [Test]
    public async Task Pass_Fails_SaysNothingOfTheStore()
    {
        await FailAsync(StoreCircuit.MinAsked - 1);
        for (var i = 0; i < 100; i++)
        {
            Assert.That(
                () => circuit.PassAsync(Failing),
                Throws.TypeOf<StoreUnavailableException>()
            );
        }

        Assert.That(circuit.IsOpen, Is.False);
    }

    [Test]
    public async Task Pass_Open_DoesNotAsk()
    {
        await FailAsync(StoreCircuit.MinAsked);
        var asked = 0;

        Assert.That(
            () => circuit.PassAsync(() => Task.FromResult(++asked)),
            Throws.TypeOf<StoreUnavailableException>()
        );
        Assert.That(asked, Is.Zero);
    }

    [Test]
    public async Task Probe_AnsweredAfterAMoment_Closes()
    {
        await FailAsync(StoreCircuit.MinAsked);
        Assert.That(ProbeAsync, Throws.TypeOf<StoreUnavailableException>(), "Too early.");
        Assert.That(circuit.IsOpen);

        time.Advance(StoreCircuit.OpenTime);
        await ProbeAsync();

        Assert.That(circuit.IsOpen, Is.False);
        Assert.That(await AnswerAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task Probe_AgainWithoutAnswer_StaysOpenAndIsTriedAgain()
    {
        await FailAsync(StoreCircuit.MinAsked);
        for (var i = 0; i < 3; i++)
        {
            time.Advance(StoreCircuit.OpenTime);
            Assert.That(
                () => circuit.ProbeAsync(Failing),
                Throws.TypeOf<StoreUnavailableException>()
            );
            Assert.That(circuit.IsOpen);
        }

        time.Advance(StoreCircuit.OpenTime);
        await ProbeAsync();

        Assert.That(circuit.IsOpen, Is.False);
    }

    [Test]
    public async Task Ask_OpensAndCloses_LogsOneLineForEach()
    {
        await Probe_AgainWithoutAnswer_StaysOpenAndIsTriedAgain();

        Assert.That(
            Lines(),
            Is.EqualTo(
                new[]
                {
                    "The store does not answer here, and is not asked until it does: gone",
                    "The store answers again here",
                }
            )
        );
    }

    // First the store was unavailable, and then there was an error that the operator had to fix.
    [Test]
    public async Task Probe_FailsForAReasonOfTheOperators_LogsItOnceMore()
    {
        await FailAsync(StoreCircuit.MinAsked);
        foreach (var reason in new[] { "NOPERM a", "gone too", "NOPERM a", "NOPERM b" })
        {
            time.Advance(StoreCircuit.OpenTime);
            Assert.That(
                () =>
                    circuit.ProbeAsync<int>(() =>
                        throw new StoreUnavailableException(
                            "x",
                            new InvalidOperationException(reason)
                        )
                    ),
                Throws.TypeOf<StoreUnavailableException>()
            );
        }

        var lines = Lines();
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[1], Does.Contain("NOPERM a"));
        Assert.That(lines[2], Does.Contain("NOPERM b"));
    }

    [TestCase(RedisErrorKind.WrongType, false)]
    [TestCase(RedisErrorKind.UnknownError, false)]
    [TestCase(RedisErrorKind.TryAgain, false)]
    [TestCase(RedisErrorKind.Loading, true)]
    [TestCase(RedisErrorKind.ReadOnly, true)]
    [TestCase(RedisErrorKind.Misconfigured, true)]
    [TestCase(RedisErrorKind.OutOfMemory, true)]
    [TestCase(RedisErrorKind.ClusterDown, true)]
    public async Task Ask_AnsweredWithAnError_OpensWhenItIsTheStores(
        RedisErrorKind kind,
        bool opens
    )
    {
        await FailAsync(
            StoreCircuit.MinAsked,
            new StoreUnavailableException(
                "error",
                new RedisServerException(kind, CommandFlags.None, $"{kind}")
            )
        );

        Assert.That(circuit.IsOpen, Is.EqualTo(opens));
    }

    private string[] Lines() => [.. logger.Collector.GetSnapshot().Select(line => line.Message)];

    private static Task<int> Failing() =>
        Task.FromException<int>(new StoreUnavailableException("gone"));

    private Task<int> AnswerAsync() => circuit.AskAsync(() => Task.FromResult(1));

    private Task<int> ProbeAsync() => circuit.ProbeAsync(() => Task.FromResult(1));

    private async Task FailAsync(int times, StoreUnavailableException? failure = null)
    {
        for (var i = 0; i < times; i++)
        {
            try
            {
                await circuit.AskAsync(() =>
                    failure is null ? Failing() : Task.FromException<int>(failure)
                );
                Assert.Fail("It did not fail.");
            }
            catch (StoreUnavailableException)
            {
                // Expected.
            }
        }
    }
}
