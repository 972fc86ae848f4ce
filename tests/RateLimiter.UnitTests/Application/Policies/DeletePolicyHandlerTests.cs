using Moq;
using RateLimiter.Application;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Application.Clients;

namespace RateLimiter.UnitTests.Application.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DeletePolicyHandlerTests
{
    private static readonly PolicyKey Key = A.Policy().Key;

    private readonly Mock<IPolicyRepository> policies = new(MockBehavior.Strict);

    private readonly KnownClient client = new();

    [Test]
    public async Task Handle_Policy_SaysWhetherThereWasOneAndForgetsTheClient([Values] bool existed)
    {
        policies
            .Setup(it => it.DeleteAsync(A.Client, Key, It.IsAny<CancellationToken>()))
            .ReturnsAsync(existed);

        Assert.That(
            await client.IsForgottenByAsync(async () =>
                Assert.That(await DeleteAsync(), Is.EqualTo(existed))
            )
        );
    }

    [Test]
    public async Task Handle_StoreUnavailable_ThrowsAndStillForgetsTheClient()
    {
        policies
            .Setup(it => it.DeleteAsync(A.Client, Key, It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(
            await client.IsForgottenByAsync(() =>
            {
                Assert.That(DeleteAsync, Throws.TypeOf<StoreUnavailableException>());
                return Task.CompletedTask;
            })
        );
    }

    private Task<bool> DeleteAsync() =>
        new DeletePolicyHandler(policies.Object, client.Directory).Handle(
            new DeletePolicyCommand(A.Client, Key),
            CancellationToken.None
        );
}
