using MediatR;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Clients;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Clients;

namespace RateLimiter.UnitTests.Api.Clients;

public sealed class ClientControllerTests
{
    [TestCase(true, 200)]
    [TestCase(false, 202)]
    public async Task Delete_OwnClient_SaysWhatIsDeletedAndWhetherThatIsAll(
        bool isComplete,
        int status
    )
    {
        var http = Requests.ContextOfClient();
        var mediator = new Mock<IMediator>();
        mediator
            .Setup(it =>
                it.Send(
                    new DeleteClientCommand(TestData.Client, http.Actor()),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(new DeletionOutcome(new(1, 2, 3, 4), isComplete));

        var answer = await new ClientController(mediator.Object)
        {
            ControllerContext = { HttpContext = http },
        }.DeleteAsync(CancellationToken.None);

        var result = (ObjectResult)answer.Result!;
        Assert.That(result.StatusCode, Is.EqualTo(status));
        Assert.That(
            result.Value,
            Is.EqualTo(new DeletionResponse(new DeletedResponse(1, 2, 3, 4), isComplete))
        );
    }
}
