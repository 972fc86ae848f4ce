using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiting.AspNetCore;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.AspNetCore;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ServiceRateLimiterTests
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly Mock<IRateLimiterClient> client = new(MockBehavior.Strict);
    private readonly FakeLogger<ServiceRateLimiter> logger = new();

    [Test]
    public void AttemptAcquire_NothingKnown_RefusesWithoutAsking()
    {
        client
            .Setup(c => c.FindLocalDenial(new RateLimitCheck("alice", "search", "pro", 6)))
            .Returns((RateLimitDecision?)null);

        using var lease = Limiter().AttemptAcquire(2);

        Assert.That(lease.IsAcquired, Is.False);
        Assert.That(lease.MetadataNames, Is.Empty);
    }

    [Test]
    public void AttemptAcquire_AKnownDenial_TellsTheWait()
    {
        client
            .Setup(c => c.FindLocalDenial(new RateLimitCheck("alice", "search", "pro", 3)))
            .Returns(Denied);

        using var lease = Limiter().AttemptAcquire();

        Assert.That(lease.TryGetMetadata(MetadataName.RetryAfter, out var wait), Is.True);
        Assert.That(wait, Is.EqualTo(TimeSpan.FromSeconds(7)));
    }

    [Test]
    public async Task AcquireAsync_Permits_AreTheCost([Values(0, 1, 2)] int permits)
    {
        client
            .Setup(c =>
                c.CheckAsync(new RateLimitCheck("alice", "search", "pro", permits * 3), default)
            )
            .ReturnsAsync(Allowed);

        var limiter = Limiter();
        using var lease = await limiter.AcquireAsync(permits);

        Assert.That(lease.IsAcquired, Is.True);
        var statistics = limiter.GetStatistics()!;
        Assert.That(
            (statistics.CurrentAvailablePermits, statistics.TotalSuccessfulLeases),
            Is.EqualTo((4, 1))
        );
    }

    [TestCase(2, false)]
    [TestCase(3, true)]
    public async Task AcquireAsync_NoPermits_IsWhetherOneIsLeft(long remaining, bool isAcquired)
    {
        client
            .Setup(c => c.CheckAsync(new RateLimitCheck("alice", "search", "pro", 0), default))
            .ReturnsAsync(Allowed with { Remaining = remaining });

        var limiter = Limiter();
        using var lease = await limiter.AcquireAsync(0);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(lease.IsAcquired, Is.EqualTo(isAcquired));
            Assert.That(lease.TryGetMetadata(ServiceMetadata.Decision, out _), Is.True);
            Assert.That(lease.TryGetMetadata(ServiceMetadata.IsUnavailable, out _), Is.False);
            Assert.That(limiter.GetStatistics().TotalFailedLeases, Is.EqualTo(isAcquired ? 0 : 1));
        }
    }

    [Test]
    public async Task AcquireAsync_RequestThatCostsNothing_PassesWhenNothingIsLeft()
    {
        client
            .Setup(c => c.CheckAsync(new RateLimitCheck("alice", "search", null, 0), default))
            .ReturnsAsync(Allowed with { Remaining = 0 });
        await using var limiter = new ServiceRateLimiter(client.Object, "alice", "search", cost: 0);

        using var lease = await limiter.AcquireAsync();

        Assert.That(lease.IsAcquired, Is.True);
    }

    [Test]
    public async Task GetStatistics_LeasesOfBothKinds_AreCounted()
    {
        client
            .Setup(c => c.FindLocalDenial(new RateLimitCheck("alice", "search", "pro", 3)))
            .Returns(Denied);
        client
            .Setup(c => c.FindLocalDenial(new RateLimitCheck("alice", "search", "pro", 6)))
            .Returns((RateLimitDecision?)null);
        Answer().ReturnsAsync(Allowed);
        var limiter = Limiter();

        using var known = limiter.AttemptAcquire();
        using var unknown = limiter.AttemptAcquire(2);
        using var asked = await limiter.AcquireAsync();

        var statistics = limiter.GetStatistics();
        Assert.That(
            (statistics.TotalFailedLeases, statistics.TotalSuccessfulLeases),
            Is.EqualTo((2L, 1L))
        );
    }

    [Test]
    public async Task Dispose_Limiter_IsUsedNoMore([Values] bool async)
    {
        var limiter = Limiter();
        if (async)
        {
            await limiter.DisposeAsync();
        }
        else
        {
            limiter.Dispose();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => limiter.AttemptAcquire(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(
                async () => await limiter.AcquireAsync(),
                Throws.TypeOf<ObjectDisposedException>()
            );
            Assert.That(limiter.GetStatistics, Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public async Task Dispose_WhileSomebodyAsks_LetsTheAnswerCome()
    {
        var answer = new TaskCompletionSource<RateLimitDecision>();
        Answer().Returns(answer.Task);
        var limiter = Limiter();

        var asking = limiter.AcquireAsync();
        limiter.Dispose();
        answer.SetResult(Allowed);

        using var lease = await asking;
        Assert.That(lease.IsAcquired, Is.True);
    }

    [Test]
    public async Task AcquireAsync_OtherSubjects_AreOfTheCheck()
    {
        var subjects = new Dictionary<string, string> { ["org"] = "acme" };
        client
            .Setup(c =>
                c.CheckAsync(
                    It.Is<RateLimitCheck>(check => check.Subjects!["org"] == "acme"),
                    default
                )
            )
            .ReturnsAsync(Allowed);
        await using var limiter = new ServiceRateLimiter(
            client.Object,
            "alice",
            "search",
            subjects: subjects
        );

        using var lease = await limiter.AcquireAsync();

        Assert.That(lease.IsAcquired, Is.True);
    }

    [Test]
    public void New_SubjectThatTheServiceRefuses_IsRefusedAtOnce([Values("", "a\nb")] string value)
    {
        var subjects = new Dictionary<string, string> { ["org"] = value };

        Assert.That(
            () => new ServiceRateLimiter(client.Object, "alice", "search", subjects: subjects),
            Throws
                .ArgumentException.With.Property(nameof(ArgumentException.ParamName))
                .EqualTo("subjects")
        );
    }

    private static IEnumerable<TestCaseData<string?, string?, string?, string>> NoNames()
    {
        foreach (
            var (most, parameter) in new[] { (256, "userId"), (128, "routeKey"), (128, "role") }
        )
        {
            foreach (var name in new[] { "", new string('x', most + 1), "a\nb" })
            {
                yield return new(
                    parameter == "userId" ? name : "alice",
                    parameter == "routeKey" ? name : "search",
                    parameter == "role" ? name : null,
                    parameter
                );
            }
        }

        yield return new(null, "search", null, "userId");
        yield return new("alice", null, null, "routeKey");
    }

    [TestCaseSource(nameof(NoNames))]
    public void New_NameThatTheServiceRefuses_IsRefusedAtOnce(
        string? user,
        string? route,
        string? role,
        string parameter
    ) =>
        Assert.That(
            () => new ServiceRateLimiter(client.Object, user!, route!, role),
            Throws
                .InstanceOf<ArgumentException>()
                .With.Property(nameof(ArgumentException.ParamName))
                .EqualTo(parameter)
        );

    [Test]
    public void New_WithoutClient_IsRefusedAtOnce() =>
        Assert.That(
            () => new ServiceRateLimiter(null!, "alice", "search"),
            Throws
                .ArgumentNullException.With.Property(nameof(ArgumentException.ParamName))
                .EqualTo("client")
        );

    [Test]
    public void New_LongestNames_AreTaken()
    {
        var smile = "\U0001F600";

        Assert.That(
            () =>
                new ServiceRateLimiter(
                    client.Object,
                    string.Concat(Enumerable.Repeat(smile, 256)),
                    string.Concat(Enumerable.Repeat(smile, 128)),
                    string.Concat(Enumerable.Repeat(smile, 128))
                ),
            Throws.Nothing
        );
    }

    [Test]
    public async Task AcquireAsync_Denied_TellsTheDecision()
    {
        Answer().ReturnsAsync(Denied);

        using var lease = await Limiter().AcquireAsync();

        Assert.That(lease.IsAcquired, Is.False);
        Assert.That(lease.TryGetMetadata(ServiceMetadata.Decision, out var decision), Is.True);
        Assert.That(decision, Is.EqualTo(Denied));
        Assert.That(lease.TryGetMetadata(ServiceMetadata.IsUnavailable, out _), Is.False);
    }

    [Test]
    public async Task AcquireAsync_DeniedWithoutTheStore_IsNoLimitThatWasReached()
    {
        Answer().ReturnsAsync(Denied with { Degraded = true, Violated = [] });

        using var lease = await Limiter().AcquireAsync();

        MustBeUnavailable(lease, TimeSpan.FromSeconds(7));
    }

    [Test]
    public async Task AcquireAsync_DeniedByWhatOneInstanceCounts_IsALimitThatWasReached()
    {
        Answer().ReturnsAsync(Denied with { Degraded = true });

        using var lease = await Limiter().AcquireAsync();

        Assert.That(lease.TryGetMetadata(ServiceMetadata.IsUnavailable, out _), Is.False);
    }

    [Test]
    public async Task AcquireAsync_ServiceAwayAndToDeny_IsUnavailable()
    {
        Answer().ThrowsAsync(Away);

        using var lease = await Limiter(FailureMode.Deny).AcquireAsync();

        MustBeUnavailable(lease, TimeSpan.FromSeconds(1));
    }

    [Test]
    public async Task AcquireAsync_ServiceAwayAndToAllow_IsNeitherUnavailableNorToldHere()
    {
        Answer().ThrowsAsync(Away);

        using var lease = await Limiter().AcquireAsync();

        Assert.That(lease.MetadataNames, Is.EqualTo(new[] { ServiceMetadata.Failure.Name }));
        Assert.That(logger.Collector.Count, Is.Zero, "The client tells it, once for all.");
    }

    [Test]
    public async Task AcquireAsync_ServiceRefusesAndDecidesAgain_IsOneLineEach()
    {
        for (var i = 0; i < 2; i++)
        {
            Answer().ThrowsAsync(Refusal);
            await AskManyAsync();
            Answer().ReturnsAsync(Allowed);
            await AskManyAsync();
        }

        Assert.That(
            logger.Collector.GetSnapshot().Select(line => (line.Level, line.Exception)),
            Is.EqualTo(
                new[]
                {
                    (LogLevel.Error, (Exception?)null),
                    (LogLevel.Information, null),
                    (LogLevel.Error, null),
                    (LogLevel.Information, null),
                }
            )
        );

        // As in an app that creates a limiter for each request.
        async Task AskManyAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                using var lease = await Limiter().AcquireAsync();
            }
        }
    }

    [Test]
    public async Task AcquireAsync_RoutesWithoutEndAreRefused_AreToldOfABoundedNumber()
    {
        client.Setup(c => c.CheckAsync(It.IsAny<RateLimitCheck>(), default)).ThrowsAsync(Refusal);

        for (var i = 0; i < 1100; i++)
        {
            var limiter = new ServiceRateLimiter(client.Object, "alice", $"r{i}", logger: logger);
            using var lease = await limiter.AcquireAsync();
        }

        Assert.That(logger.Collector.Count, Is.EqualTo(1001));
    }

    [TestCase(FailureMode.Allow, true)]
    [TestCase(FailureMode.Deny, false)]
    public async Task AcquireAsync_NoDecision_IsWhatTheModeSays(FailureMode mode, bool isAcquired)
    {
        Answer().ThrowsAsync(Refusal);

        using var lease = await Limiter(mode).AcquireAsync();

        Assert.That(lease.IsAcquired, Is.EqualTo(isAcquired));
        Assert.That(lease.TryGetMetadata(ServiceMetadata.Failure, out var why), Is.True);
        Assert.That(why, Is.SameAs(Refusal));
    }

    [Test]
    public void AcquireAsync_TheRequestIsGivenUp_IsNoFailureOfTheService()
    {
        using var gone = new CancellationTokenSource();
        client
            .Setup(c => c.CheckAsync(new RateLimitCheck("alice", "search", "pro", 3), gone.Token))
            .Callback(gone.Cancel)
            .ThrowsAsync(new OperationCanceledException(gone.Token));

        Assert.CatchAsync<OperationCanceledException>(async () =>
            await Limiter().AcquireAsync(1, gone.Token)
        );
    }

    [Test]
    public async Task IdleDuration_WhileSomebodyAsks_IsNone()
    {
        var answer = new TaskCompletionSource<RateLimitDecision>();
        Answer().Returns(answer.Task);
        var limiter = Limiter();
        time.Advance(TimeSpan.FromSeconds(5));
        var before = limiter.IdleDuration;

        var asking = limiter.AcquireAsync();
        var meanwhile = limiter.IdleDuration;
        answer.SetResult(Allowed);
        using var lease = await asking;
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.That(before, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(meanwhile, Is.Null);
        Assert.That(limiter.IdleDuration, Is.EqualTo(TimeSpan.FromSeconds(2)));
    }

    [Test]
    public async Task AcquireAsync_AnythingElseFails_IsNotTheRequestsFailure()
    {
        Answer().ThrowsAsync(new InvalidOperationException("Odd."));

        using var lease = await Limiter().AcquireAsync();

        Assert.That(lease.IsAcquired, Is.True);
    }

    [Test]
    public async Task AcquireAsync_MoreThanACheckCanCost_IsTheMost()
    {
        client
            .Setup(c =>
                c.CheckAsync(new RateLimitCheck("alice", "search", "pro", 1_000_000_000), default)
            )
            .ReturnsAsync(Denied);

        using var lease = await Limiter().AcquireAsync(int.MaxValue);

        Assert.That(lease.IsAcquired, Is.False);
    }

    private static readonly RateLimitDecision Allowed = new()
    {
        Allowed = true,
        Remaining = 4,
        Limit = 10,
        Capacity = 10,
        ResetIn = TimeSpan.FromSeconds(60),
        MatchedRole = "pro",
        MatchedRoute = "search",
    };

    private static readonly RateLimitDecision Denied = Allowed with
    {
        Allowed = false,
        Remaining = 0,
        RetryAfter = TimeSpan.FromSeconds(7),
        Violated = ["default"],
    };

    private static readonly RateLimiterUnavailableException Away = new(
        "RateLimiter does not answer.",
        mayHaveCounted: false
    );

    private static readonly RateLimiterApiException Refusal = new(
        "No",
        403,
        null,
        new Dictionary<string, IEnumerable<string>>(),
        null
    );

    private static void MustBeUnavailable(RateLimitLease lease, TimeSpan wait)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lease.IsAcquired, Is.False);
            Assert.That(
                lease.TryGetMetadata(ServiceMetadata.IsUnavailable, out var is503),
                Is.True
            );
            Assert.That(is503, Is.True);
            Assert.That(lease.MetadataNames, Does.Contain(ServiceMetadata.IsUnavailable.Name));
            Assert.That(lease.TryGetMetadata(MetadataName.RetryAfter, out var told), Is.True);
            Assert.That(told, Is.EqualTo(wait));
        }
    }

    private Moq.Language.Flow.ISetup<IRateLimiterClient, Task<RateLimitDecision>> Answer() =>
        client.Setup(c => c.CheckAsync(new RateLimitCheck("alice", "search", "pro", 3), default));

    private ServiceRateLimiter Limiter(FailureMode mode = FailureMode.Allow) =>
        new(client.Object, "alice", "search", "pro", cost: 3, mode, logger, time);
}
