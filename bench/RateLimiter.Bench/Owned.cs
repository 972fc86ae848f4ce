namespace RateLimiter.Bench;

/// <summary>What belongs to something that is running. It goes in the opposite order of its coming.</summary>
internal sealed class Owned : IAsyncDisposable
{
    private readonly Stack<object> resources = [];

    /// <summary>Makes something of several resources, all of which go again when one of them cannot be had.</summary>
    public static async Task<T> MakeAsync<T>(Func<Owned, Task<T>> make)
    {
        var owned = new Owned();
        try
        {
            return await make(owned);
        }
        catch
        {
            await owned.DisposeAsync();
            throw;
        }
    }

    public T Add<T>(T resource)
        where T : notnull
    {
        resources.Push(resource);
        return resource;
    }

    public async ValueTask DisposeAsync()
    {
        while (resources.TryPop(out var resource))
        {
            if (resource is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                ((IDisposable)resource).Dispose();
            }
        }
    }
}
