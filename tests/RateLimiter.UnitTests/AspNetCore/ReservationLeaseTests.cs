using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework.Constraints;
using RateLimiter.UnitTests.Client;
using RateLimiting.AspNetCore;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.AspNetCore;

/// <summary>What a limiter with reservations sends to the service.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReservationLeaseTests : IAsyncDisposable
{
    private const string Reserve = "POST /base/reservations";
    private const string Commit = "POST /base/reservations/r1/commit";
    private const string Release = "DELETE /base/reservations/r1";

    private static readonly RateLimitReservationOptions TwoSlots = new()
    {
        Slots = 2,
        TimeToLive = TimeSpan.FromSeconds(90),
    };

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly FakeLogger<ServiceRateLimiter> logger = new();
    private readonly FakeService service = new();
    private readonly ServiceProvider services;

    public ReservationLeaseTests() => services = service.Client(time: time);

    public ValueTask DisposeAsync() => service.EndAsync(services, time);

    [Test]
    public async Task AcquireAsync_Reservation_IsHeldAsTheOptionsSay()
    {
        var asking = Limiter().AcquireAsync(2);
        var request = await service.NextAsync();
        request.Give(Held());
        using var lease = await asking;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(request.Line, Is.EqualTo(Reserve));
            Assert.That(request.Body.GetProperty("cost").GetInt64(), Is.EqualTo(6));
            Assert.That(request.Body.GetProperty("slots").GetInt64(), Is.EqualTo(2));
            Assert.That(request.Body.GetProperty("ttl_seconds").GetInt64(), Is.EqualTo(90));
            Assert.That(lease.IsAcquired, Is.True);
            Assert.That(lease.TryGetMetadata(ServiceMetadata.Decision, out _), Is.True);
            Assert.That(service.Count, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Dispose_Lease_ChargesOnceWhatWasGranted()
    {
        var lease = await AcquiredAsync();

        lease.Dispose();
        lease.Dispose();
        var request = await service.NextAsync();
        var isBlocked = lease.Settlement.IsCompleted;
        request.Give(new { charged = 3 });
        await lease.Settlement;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(request.Line, Is.EqualTo(Commit));
            Assert.That(request.Body.GetProperty("cost").GetInt64(), Is.EqualTo(3));
            Assert.That(request.Body.GetProperty("final").GetBoolean(), Is.True);
            Assert.That(isBlocked, Is.False);
            Assert.That(service.Count, Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Dispose_CommitFails_ReleasesAndNeverThrows()
    {
        var lease = await AcquiredAsync();

        lease.Dispose();
        (await service.NextAsync()).Refuse(409);
        var release = await service.NextAsync();
        release.Refuse(404);
        await lease.Settlement;

        Assert.That(release.Line, Is.EqualTo(Release));
    }

    [Test]
    public async Task AcquireAsync_Denied_HoldsNothing()
    {
        var asking = Limiter().AcquireAsync();
        (await service.NextAsync()).Give(FakeRequest.Denied());
        var lease = await asking;
        lease.Dispose();

        Assert.That(lease.IsAcquired, Is.False);
        Assert.That(lease.TryGetMetadata(MetadataName.RetryAfter, out _), Is.True);
        Assert.That(service.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task AcquireAsync_CallerGoneBeforeTheDecision_IsReleased()
    {
        using var gone = new CancellationTokenSource();
        var asking = Limiter().AcquireAsync(1, gone.Token);
        var request = await service.NextAsync();
        await gone.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(async () => await asking);

        request.Give(Held());
        var release = await service.NextAsync();
        release.Give(new { });

        Assert.That(release.Line, Is.EqualTo(Release));
    }

    [Test]
    public async Task AcquireAsync_NoPermits_GivesBackTheOneThatIsLeft()
    {
        var asking = Limiter().AcquireAsync(0);
        var request = await service.NextAsync();
        request.Give(Held());
        var release = await service.NextAsync();
        release.Give(new { });
        var lease = await asking;
        lease.Dispose();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(request.Body.GetProperty("cost").GetInt64(), Is.EqualTo(3));
            Assert.That(release.Line, Is.EqualTo(Release));
            Assert.That(lease.IsAcquired, Is.True);
            Assert.That(service.Count, Is.EqualTo(2));
        }
    }

    [TestCase(FailureMode.Allow, true)]
    [TestCase(FailureMode.Deny, false)]
    public async Task AcquireAsync_NoDecision_IsWhatTheModeSays(FailureMode mode, bool isAcquired)
    {
        var asking = Limiter(mode).AcquireAsync();
        (await service.NextAsync()).Refuse(403);
        var lease = await asking;
        lease.Dispose();

        Assert.That(lease.IsAcquired, Is.EqualTo(isAcquired));
        Assert.That(logger.Collector.Count, Is.EqualTo(1));
        Assert.That(service.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task AcquireAsync_ConcurrencyLimitWithoutReservation_LogsWhatTheServiceSays()
    {
        await using var limiter = new ServiceRateLimiter(
            services.GetRequiredService<IRateLimiterClient>(),
            "alice",
            "search",
            logger: logger
        );
        var asking = limiter.AcquireAsync();
        (await service.NextAsync()).Refuse(409);
        using var lease = await asking;

        Assert.That(lease.IsAcquired, Is.True);
        Assert.That(logger.LatestRecord.Message, Does.Contain("409").And.Contain("Because."));
    }

    [Test]
    public async Task Request_OfEitherLimiter_EndsAfterTheSettlement([Values] bool isForAll)
    {
        var response = new EndingResponse();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Features.Set<IHttpResponseFeature>(response);
        var policy = new ServicePolicy("search", null, null, null, default, null, TwoSlots);
        var asking = isForAll
            ? new GlobalServiceLimiter(policy).AcquireAsync(context)
            : policy.KeptLimiterOf(context).Factory(policy.PartitionOf(context)).AcquireAsync();
        (await service.NextAsync()).Give(Held());
        var lease = await asking;

        lease.Dispose();
        var ending = response.EndAsync();
        var commit = await service.NextAsync();
        var isEnded = ending.IsCompleted;
        commit.Give(new { charged = 3 });
        await ending;

        Assert.That(commit.Line, Is.EqualTo(Commit));
        Assert.That(isEnded, Is.False);
    }

    private static readonly RateLimitReservationOptions[] NoReservations =
    [
        new() { Slots = 0 },
        new() { Slots = 1001 },
        new() { TimeToLive = TimeSpan.FromMilliseconds(999) },
        new() { TimeToLive = TimeSpan.FromSeconds(1.5) },
        new() { TimeToLive = TimeSpan.FromSeconds(3601) },
    ];

    [TestCaseSource(nameof(NoReservations))]
    public void New_ReservationThatTheServiceRefuses_IsRefusedAtOnce(
        RateLimitReservationOptions reservation
    )
    {
        var options = new RateLimiterOptions();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Limiter(reservation: reservation), Refused);
            Assert.That(
                () => options.AddServicePolicy("search", "search", reservation: reservation),
                Refused
            );
            Assert.That(
                () => options.UseServiceForAllRequests("search", reservation: reservation),
                Refused
            );
        }
    }

    [Test]
    public void New_ReservationsAtTheBounds_AreTaken() =>
        Assert.That(
            () =>
            {
                Limiter(reservation: new() { TimeToLive = TimeSpan.FromSeconds(1), Slots = 1 });
                Limiter(reservation: new() { TimeToLive = TimeSpan.FromHours(1), Slots = 1000 });
            },
            Throws.Nothing
        );

    private static IResolveConstraint Refused =>
        Throws
            .ArgumentException.With.Property(nameof(ArgumentException.ParamName))
            .EqualTo("reservation");

    private static object Held() =>
        new
        {
            allowed = true,
            granted = 3,
            remaining = 4,
            limit = 10,
            reset_in = 60,
            matched_role = "pro",
            matched_route = "search",
            violated = Array.Empty<string>(),
            reservation_id = "r1",
            expires_at = TestData.Moment.AddSeconds(90),
        };

    private async Task<ServiceLease> AcquiredAsync()
    {
        var asking = Limiter().AcquireAsync();
        (await service.NextAsync()).Give(Held());
        return (ServiceLease)await asking;
    }

    private ServiceRateLimiter Limiter(
        FailureMode mode = FailureMode.Allow,
        RateLimitReservationOptions? reservation = null
    ) =>
        new(
            services.GetRequiredService<IRateLimiterClient>(),
            "alice",
            "search",
            "pro",
            cost: 3,
            mode,
            logger,
            time,
            reservation: reservation ?? TwoSlots
        );

    /// <summary>A response that calls what waits for its end.</summary>
    private sealed class EndingResponse : HttpResponseFeature
    {
        private Func<Task> end = () => Task.CompletedTask;

        public override void OnCompleted(Func<object, Task> callback, object state) =>
            end = () => callback(state);

        public Task EndAsync() => end();
    }
}
