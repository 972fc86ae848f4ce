using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace RateLimiter.ApiTests.Docs;

/// <summary>The requests of <c>RateLimiter.http</c>.</summary>
public sealed class HttpFileTests
{
    private ApiClient visitor = null!;
    private HttpFile file = null!;

    [SetUp]
    public async Task ReadFileAsync()
    {
        var (_, service) = await SharedServices.OfAsync();
        visitor = new ApiClient(service);
        file = await HttpFile.ReadAsync(service.Address);
    }

    [Test]
    public async Task HttpFile_Requests_AreAnsweredAsItSays()
    {
        var answers = new Dictionary<string, Answer>();
        foreach (var request in file.Requests.Select(request => request.With(answers)))
        {
            var answer = await SendAsync(request);

            Assert.That(
                answer.Status,
                request.Status is { } status ? Is.EqualTo(status) : Is.InRange(200, 299),
                $"{request}: {answer.Text}"
            );
            if (request.Name is { } name)
            {
                answers.Add(name, answer);
            }
        }
    }

    [Test]
    public async Task HttpFile_Operations_AreAllInIt()
    {
        var document = await ApiDocument.ReadAsync(visitor);

        var missing = document.Operations.Where(operation =>
            !file.Requests.Any(request => IsOf(request, operation))
        );

        Assert.That(missing.Select(operation => operation.ToString()), Is.Empty);
    }

    private static bool IsOf(HttpFileRequest request, ApiOperation operation) =>
        request.Method == operation.Method
        && Regex.IsMatch(
            Uri.UnescapeDataString(request.Path),
            $"^{Regex.Replace(operation.Path, @"\{\w+\}", "[^/]+")}$"
        );

    private Task<Answer> SendAsync(HttpFileRequest request)
    {
        StringContent? content = null;
        var headers = request.Headers.ToList();
        if (request.Body is not null)
        {
            var type = headers.Single(header => header.Name == "Content-Type");
            headers.Remove(type);
            content = new StringContent(
                request.Body,
                Encoding.UTF8,
                MediaTypeHeaderValue.Parse(type.Value)
            );
        }

        return visitor.SendAsync(
            request.Method,
            new Uri(request.Address).PathAndQuery,
            content,
            [.. headers]
        );
    }
}
