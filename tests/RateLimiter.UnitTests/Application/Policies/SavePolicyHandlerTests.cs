using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Application.Clients;

namespace RateLimiter.UnitTests.Application.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SavePolicyHandlerTests
{
    private const int MaxPolicies = 7;
    private const long MaxBytes = 5000;
    private const int MaxWindowSeconds = 3600;

    private static readonly DateTimeOffset Later = A.Moment.AddHours(1);

    private readonly Mock<IPolicyRepository> policies = new(MockBehavior.Strict);
    private readonly KnownClient client = new();

    [Test]
    public async Task Handle_NoPolicyYet_SavesVersion1()
    {
        SetUpFind((Policy?)null);
        SetUpTrySave(PolicySave.Saved);
        var definition = A.Definition();

        var policy = await SaveAsync(definition);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Definition, Is.SameAs(definition));
            Assert.That(policy.Version, Is.EqualTo(1));
            Assert.That(policy.CreatedAt, Is.EqualTo(Later));
            Assert.That(policy.UpdatedAt, Is.EqualTo(Later));
        }

        VerifySaved(policy);
    }

    [Test]
    public async Task Handle_PolicyThere_SavesItsNextVersionWithItsCounters()
    {
        var earlier = A.Policy();
        SetUpFind(earlier);
        SetUpTrySave(PolicySave.Saved);

        var policy = await SaveAsync(A.Definition(limits: A.Limit(permits: 20)));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Version, Is.EqualTo(2));
            Assert.That(policy.CreatedAt, Is.EqualTo(A.Moment));
            Assert.That(policy.UpdatedAt, Is.EqualTo(Later));
            Assert.That(policy.Limits[0].Permits, Is.EqualTo(20));
            Assert.That(policy.Limits[0].Epoch, Is.EqualTo(earlier.Limits[0].Epoch));
        }

        VerifySaved(policy);
    }

    [Test]
    public async Task Handle_SomebodyElseSavedInBetween_BuildsOnWhatHeSaved()
    {
        var first = A.Policy();
        var second = first.Revise(A.Definition(limits: A.Limit(windowSeconds: 1)), A.Moment);
        SetUpFind(null, first, second);
        SetUpTrySave(PolicySave.Outdated, PolicySave.Outdated, PolicySave.Saved);

        var policy = await SaveAsync(A.Definition(limits: A.Limit(windowSeconds: 1)));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Version, Is.EqualTo(3));
            Assert.That(policy.Limits[0].Epoch, Is.EqualTo(second.Limits[0].Epoch));
        }

        VerifySaved(policy);
    }

    [Test]
    public async Task Handle_Saved_ForgetsTheClient()
    {
        SetUpFind(null, null);
        SetUpTrySave(PolicySave.Outdated, PolicySave.Saved);

        Assert.That(await client.IsForgottenByAsync(() => SaveAsync(A.Definition())));
    }

    [Test]
    public async Task Handle_SaveWithoutAnAnswer_ThrowsAndStillForgetsTheClient()
    {
        SetUpFind(null, null);
        policies
            .Setup(it =>
                it.TrySaveAsync(
                    A.Client,
                    It.IsAny<Policy>(),
                    MaxPolicies,
                    MaxBytes,
                    It.IsAny<CancellationToken>()
                )
            )
            .ThrowsAsync(new StoreUnavailableException("gone"));

        var isForgotten = await client.IsForgottenByAsync(() =>
        {
            Assert.That(
                () => SaveAsync(A.Definition()),
                Throws.TypeOf<StoreUnavailableException>(),
                "It may have been saved: it must not be tried again."
            );
            return Task.CompletedTask;
        });

        Assert.That(isForgotten);
        policies.Verify(
            it =>
                it.TrySaveAsync(
                    A.Client,
                    It.IsAny<Policy>(),
                    MaxPolicies,
                    MaxBytes,
                    It.IsAny<CancellationToken>()
                ),
            Times.Once
        );
    }

    [Test]
    public async Task Handle_NoRoomForOneMore_SaysHowManyThereCanBe()
    {
        SetUpFind((Policy?)null);
        SetUpTrySave(PolicySave.NoRoom);

        Assert.That(await SendAsync(A.Definition()), Is.EqualTo(new TooManyPolicies(MaxPolicies)));
    }

    [Test]
    public async Task Handle_OneOfTheWindowsIsTooLong_SaysHowLongItCanBeAndSavesNothing()
    {
        var outcome = await SendAsync(
            A.Definition(limits: [A.Limit(), A.Limit("long", windowSeconds: MaxWindowSeconds + 1)])
        );

        Assert.That(outcome, Is.EqualTo(new WindowTooLong(MaxWindowSeconds)));
        policies.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Handle_TheyWouldTakeUpTooMuch_SaysHowMuchTheyCan()
    {
        SetUpFind((Policy?)null);
        SetUpTrySave(PolicySave.TooLarge);

        Assert.That(await SendAsync(A.Definition()), Is.EqualTo(new PoliciesTooLarge(MaxBytes)));
    }

    [Test]
    public async Task Handle_TheClientIsGone_SaysSo()
    {
        SetUpFind((Policy?)null);
        SetUpTrySave(PolicySave.NoClient);

        Assert.That(await SendAsync(A.Definition()), Is.TypeOf<NoSuchClient>());
    }

    private void SetUpFind(params Policy?[] answers)
    {
        var found = policies.SetupSequence(it =>
            it.FindAsync(A.Client, A.Policy().Key, It.IsAny<CancellationToken>())
        );
        foreach (var answer in answers)
        {
            found = found.ReturnsAsync(answer);
        }
    }

    private void SetUpTrySave(params PolicySave[] answers)
    {
        var saved = policies.SetupSequence(it =>
            it.TrySaveAsync(
                A.Client,
                It.IsAny<Policy>(),
                MaxPolicies,
                MaxBytes,
                It.IsAny<CancellationToken>()
            )
        );
        foreach (var answer in answers)
        {
            saved = saved.ReturnsAsync(answer);
        }
    }

    private void VerifySaved(Policy policy) =>
        policies.Verify(
            it =>
                it.TrySaveAsync(
                    A.Client,
                    policy,
                    MaxPolicies,
                    MaxBytes,
                    It.IsAny<CancellationToken>()
                ),
            Times.Once
        );

    private async Task<Policy> SaveAsync(PolicyDefinition definition) =>
        ((PolicySaved)await SendAsync(definition)).Policy;

    private Task<SavePolicyOutcome> SendAsync(PolicyDefinition definition) =>
        new SavePolicyHandler(
            policies.Object,
            client.Directory,
            Options.Create(
                new QuotaOptions
                {
                    MaxPolicies = MaxPolicies,
                    MaxPolicyBytes = MaxBytes,
                    MaxWindowSeconds = MaxWindowSeconds,
                }
            ),
            new FakeTimeProvider(Later)
        ).Handle(new SavePolicyCommand(A.Client, definition), CancellationToken.None);
}
