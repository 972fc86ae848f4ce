using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DeletePolicyHandlerTests
{
    private static readonly PolicyKey Key = A.Policy().Key;

    private readonly Mock<IPolicyRepository> policies = new(MockBehavior.Strict);
    private readonly Mock<IClientChanges> changes = new();

    [Test]
    public async Task Handle_Policy_SaysWhetherThereWasOne([Values] bool existed)
    {
        policies
            .Setup(it => it.DeleteAsync(A.Client, Key, It.IsAny<CancellationToken>()))
            .ReturnsAsync(existed);

        Assert.That(await DeleteAsync(), Is.EqualTo(existed));
        changes.Verify(it => it.Announce(A.Client), Times.Once);
    }

    [Test]
    public void Handle_StoreUnavailable_ThrowsAndStillTellsOfAChange()
    {
        policies
            .Setup(it => it.DeleteAsync(A.Client, Key, It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(DeleteAsync, Throws.TypeOf<StoreUnavailableException>());
        changes.Verify(it => it.Announce(A.Client), Times.Once);
    }

    private Task<bool> DeleteAsync() =>
        new DeletePolicyHandler(
            policies.Object,
            new ClientDirectory(
                Mock.Of<IClientRepository>(),
                changes.Object,
                new FakeTimeProvider(A.Moment)
            )
        ).Handle(new DeletePolicyCommand(A.Client, Key), CancellationToken.None);
}
